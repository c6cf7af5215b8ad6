#include "adapters/http/server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <chrono>

namespace quorate::http {
namespace {

namespace beast = boost::beast;
using boost::asio::ip::tcp;
using Request = beast::http::request<beast::http::empty_body>;
using Response = beast::http::response<beast::http::string_body>;

constexpr std::chrono::seconds patience{10};  // for a whole request, and for the next one
constexpr std::uint32_t header_bytes_max = 8 * 1024;

}  // namespace

struct Server::Running {
    explicit Running(boost::asio::io_context& loop) : acceptor(loop) {}
    tcp::acceptor acceptor;
    std::function<Page(std::string_view)> page;
    std::size_t connections = 0;
    bool stopped = false;
};

namespace {

// One connection; it lives as long as something waits for it.
template <class Shared>
class Connection : public std::enable_shared_from_this<Connection<Shared>> {
  public:
    Connection(tcp::socket socket, std::shared_ptr<Shared> server)
        : stream_(std::move(socket)), server_(std::move(server)) {
        ++server_->connections;
    }
    ~Connection() { --server_->connections; }

    void read() {
        parser_.emplace();
        parser_->header_limit(header_bytes_max);
        stream_.expires_after(patience);
        beast::http::async_read(
            stream_, buffer_, *parser_,
            [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                if (!error && !self->server_->stopped) self->answer();
            });
    }

  private:
    void answer() {
        const Request& request = parser_->get();
        const bool head = request.method() == beast::http::verb::head;
        Page page{405, "only GET\n"};
        if (head || request.method() == beast::http::verb::get) {
            const std::string_view target(request.target().data(), request.target().size());
            page = server_->page(target.substr(0, target.find('?')));
        }
        response_ = {};
        response_.result(page.status);
        response_.version(request.version());
        response_.set(beast::http::field::content_type, page.type);
        response_.keep_alive(request.keep_alive());
        const std::size_t length = page.body.size();
        if (!head) response_.body() = std::move(page.body);
        response_.content_length(length);
        stream_.expires_after(patience);
        beast::http::async_write(
            stream_, response_,
            [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                if (!error && self->response_.keep_alive() && !self->server_->stopped) self->read();
            });
    }

    beast::tcp_stream stream_;
    std::shared_ptr<Shared> server_;
    beast::flat_buffer buffer_;
    std::optional<beast::http::request_parser<beast::http::empty_body>> parser_;
    Response response_;
};

template <class Shared>
void accept(const std::shared_ptr<Shared>& server) {
    server->acceptor.async_accept([server](beast::error_code error, tcp::socket socket) {
        if (server->stopped) return;
        if (!error && server->connections < connections_max)
            std::make_shared<Connection<Shared>>(std::move(socket), server)->read();
        accept(server);
    });
}

}  // namespace

Server::Server(std::shared_ptr<Running> running) : running_(std::move(running)) {}

Server::~Server() {
    running_->stopped = true;
    beast::error_code ignored;
    running_->acceptor.close(ignored);
}

Result<std::unique_ptr<Server>> Server::start(boost::asio::io_context& loop,
                                              const std::string& address,
                                              std::function<Page(std::string_view)> page) {
    const std::size_t colon = address.rfind(':');
    std::uint16_t port = 0;
    beast::error_code error;
    const auto host = boost::asio::ip::make_address(address.substr(0, colon), error);
    const char* end = address.data() + address.size();
    if (error || colon == std::string::npos ||
        std::from_chars(address.data() + colon + 1, end, port).ptr != end)
        return refused("is not HOST:PORT", address);
    auto running = std::make_shared<Running>(loop);
    running->page = std::move(page);
    const tcp::endpoint endpoint(host, port);
    running->acceptor.open(endpoint.protocol(), error);
    if (!error) running->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) running->acceptor.bind(endpoint, error);
    if (!error) running->acceptor.listen(tcp::acceptor::max_listen_connections, error);
    if (error) return refused(error.message(), address);
    accept(running);
    return std::unique_ptr<Server>(new Server(std::move(running)));
}

}  // namespace quorate::http
