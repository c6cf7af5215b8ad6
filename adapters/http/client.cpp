#include "adapters/http/client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>

namespace quorate::http {
namespace {

namespace beast = boost::beast;
using boost::asio::ip::tcp;
using Error = boost::system::error_code;

constexpr std::uint64_t body_max = std::uint64_t{1} << 20;  // a status is a few KiB

// Resolve, connect, write, read; the first error ends it.
class Call {
  public:
    Call(boost::asio::io_context& loop, const Address& address)
        : address_(address), resolver_(loop), stream_(loop) {
        request_.method(beast::http::verb::get);
        request_.target(address.path);
        request_.version(11);
        request_.set(beast::http::field::host, address.host);
        request_.set(beast::http::field::connection, "close");
        answer_.body_limit(body_max);
    }

    void start() {
        resolver_.async_resolve(address_.host, std::to_string(address_.port),
                                [this](const Error& error, const auto& found) {
                                    if (ends(error)) return;
                                    stream_.async_connect(
                                        found, [this](const Error& failed, const tcp::endpoint&) {
                                            if (!ends(failed)) write();
                                        });
                                });
    }

    Result<std::string> result() {
        const std::string where = address_.host + ":" + std::to_string(address_.port);
        if (!ended_) return unavailable("does not answer in time", where);
        if (*ended_) return unavailable(ended_->message(), where);
        if (answer_.get().result() != beast::http::status::ok)
            return unavailable("answers " + std::to_string(answer_.get().result_int()), where);
        return std::move(answer_.get().body());
    }

  private:
    bool ends(const Error& error) {
        if (error) ended_ = error;
        return error.failed();
    }
    void write() {
        beast::http::async_write(stream_, request_, [this](const Error& error, std::size_t) {
            if (!ends(error)) read();
        });
    }
    void read() {
        beast::http::async_read(stream_, buffer_, answer_,
                                [this](const Error& error, std::size_t) { ended_ = error; });
    }

    const Address address_;
    tcp::resolver resolver_;
    beast::tcp_stream stream_;
    beast::http::request<beast::http::empty_body> request_;
    beast::flat_buffer buffer_;
    beast::http::response_parser<beast::http::string_body> answer_;
    std::optional<Error> ended_;
};

}  // namespace

Result<std::string> get(const Address& address, Span deadline) {
    boost::asio::io_context loop;
    Call call(loop, address);
    call.start();
    loop.run_for(std::chrono::microseconds(deadline.us));
    return call.result();
}

}  // namespace quorate::http
