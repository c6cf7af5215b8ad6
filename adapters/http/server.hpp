// A few pages over plain HTTP for probes and scrapers: GET and HEAD, nothing that changes anything.
// It runs on the agent's own loop, so that an answer says that the loop turns.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/base/result.hpp"

namespace quorate::http {

struct Page {
    unsigned status = 200;
    std::string body;
    std::string type = "text/plain; charset=utf-8";
};

inline constexpr std::size_t connections_max = 32;  // more are closed at once

class Server {
  public:
    // `address`: HOST:PORT, the host a number. Refused when the port is taken. `page` is called on
    // the loop.
    static Result<std::unique_ptr<Server>> start(boost::asio::io_context& loop,
                                                 const std::string& address,
                                                 std::function<Page(std::string_view path)> page);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

  private:
    struct Running;
    explicit Server(std::shared_ptr<Running> running);
    std::shared_ptr<Running> running_;
};

}  // namespace quorate::http
