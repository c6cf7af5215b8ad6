#include "adapters/etcd/peer_http.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <chrono>
#include <exception>
#include <string_view>
#include <utility>

namespace quorate::etcd {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::use_awaitable;
using asio::ip::tcp;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

constexpr std::uint64_t reply_size_max = 1 << 20;  // a hash is 100 bytes, a member list 10 KiB
constexpr auto cluster_header = "X-Etcd-Cluster-ID";

// What happened so far; lives outside the coroutine, so that it is known when time runs out.
struct Progress {
    bool sent = false;
    std::optional<Response> response;
    std::exception_ptr failed;
};

std::string hexadecimal(std::uint64_t value) {
    std::array<char, 16> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, 16).ptr;
    return {text.data(), end};
}

ClusterId cluster_of(const Response& response) {
    const auto text = response[cluster_header];
    ClusterId id;
    std::from_chars(text.data(), text.data() + text.size(), id.value, 16);
    return id;
}

Request make_request(const Url& url, const PeerRequest& asked) {
    Request request{http::verb::get, asked.target, 11};
    request.set(http::field::host, authority(url));
    request.set(http::field::content_type, "application/json");
    if (asked.cluster_id.value != 0)
        request.set(cluster_header, hexadecimal(asked.cluster_id.value));
    request.body() = asked.body;
    request.prepare_payload();
    return request;
}

template <class Stream>
asio::awaitable<void> exchange(Stream& stream, const Request& request, Progress& progress) {
    progress.sent = true;
    co_await http::async_write(stream, request, use_awaitable);
    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(reply_size_max);
    co_await http::async_read(stream, buffer, parser, use_awaitable);
    progress.response = parser.release();
}

bool is_address(const std::string& host) {
    boost::system::error_code error;
    asio::ip::make_address(host, error);
    return !error;
}

asio::ssl::context client_context(const Tls& tls) {
    asio::ssl::context context(asio::ssl::context::tls_client);
    context.set_verify_mode(asio::ssl::verify_peer);
    context.load_verify_file(tls.ca);
    context.use_certificate_chain_file(tls.cert);
    context.use_private_key_file(tls.key, asio::ssl::context::pem);
    return context;
}

asio::awaitable<void> exchange_tls(tcp::socket& socket, const Url& url, const Tls& tls,
                                   const Request& request, Progress& progress) {
    asio::ssl::context context = client_context(tls);
    asio::ssl::stream<tcp::socket&> stream(socket, context);
    stream.set_verify_callback(asio::ssl::host_name_verification(url.host));
    // RFC 6066: a server name is never an address. (The macro for this casts the old way.)
    std::string name = is_address(url.host) ? "" : url.host;
    if (!name.empty())
        SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 name.data());
    co_await stream.async_handshake(asio::ssl::stream_base::client, use_awaitable);
    co_await exchange(stream, request, progress);
}

asio::awaitable<void> connect_and_ask(const Url& url, const std::optional<Tls>& tls,
                                      const Request& request, Progress& progress) {
    const auto executor = co_await asio::this_coro::executor;
    tcp::resolver resolver(executor);
    const auto found = co_await resolver.async_resolve(url.host, url.port, use_awaitable);
    tcp::socket socket(executor);
    co_await asio::async_connect(socket, found, use_awaitable);
    if (url.tls) {
        co_await exchange_tls(socket, url, *tls, request, progress);
    } else {
        co_await exchange(socket, request, progress);
    }
}

NotDone not_answered(const Progress& progress, std::string text) {
    if (progress.sent) return Unknown{std::move(text)};
    return Refused{Refusal::not_reachable, std::move(text)};
}

void run(const Url& url, const std::optional<Tls>& tls, const Request& request, Span deadline,
         Progress& progress) {
    asio::io_context loop(1);
    asio::co_spawn(loop, connect_and_ask(url, tls, request, progress),
                   [&](std::exception_ptr error) { progress.failed = error; });
    loop.run_for(std::chrono::microseconds(std::max<std::int64_t>(deadline.us, 0)));
}

}  // namespace

Answer<PeerReply> peer_get(const Url& url, const std::optional<Tls>& tls,
                           const PeerRequest& request, Span deadline) {
    const std::string where = " at " + authority(url) + request.target;
    Progress progress;
    try {
        run(url, tls, make_request(url, request), deadline, progress);
        if (progress.failed) std::rethrow_exception(progress.failed);
    } catch (const std::exception& error) {
        return not_done<PeerReply>(not_answered(progress, error.what() + where));
    }
    if (!progress.response)
        return not_done<PeerReply>(not_answered(progress, "no answer within the deadline" + where));
    Response& response = *progress.response;
    return PeerReply{response.result_int(), std::move(response.body()), cluster_of(response)};
}

}  // namespace quorate::etcd
