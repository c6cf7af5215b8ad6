#include "adapters/etcd/url.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace quorate::etcd {
namespace {

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

bool is_port(std::string_view text) {
    std::uint32_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

bool is_address_character(char c) { return is_host_character(c) || c == ':' || c == '%'; }

}  // namespace

Result<Url> parse_url(std::string_view text) {
    const auto bad = [&](std::string_view why) {
        return refused("not an etcd URL, " + std::string(why) +
                           "; write http://HOST:PORT or https://HOST:PORT",
                       std::string(text));
    };
    Url url;
    std::string_view rest = text;
    if (take_prefix(rest, "https://")) {
        url.tls = true;
    } else if (!take_prefix(rest, "http://")) {
        return bad("the scheme is missing or unknown");
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);

    if (take_prefix(rest, "[")) {
        const auto close = rest.find("]:");
        if (close == std::string_view::npos) return bad("the address in brackets has no port");
        url.host = rest.substr(0, close);
        url.port = rest.substr(close + 2);
        if (!std::all_of(url.host.begin(), url.host.end(), is_address_character))
            return bad("the address is malformed");
    } else {
        const auto colon = rest.find(':');
        if (colon == std::string_view::npos) return bad("the port is missing");
        url.host = rest.substr(0, colon);
        url.port = rest.substr(colon + 1);
        if (!std::all_of(url.host.begin(), url.host.end(), is_host_character))
            return bad("the host is malformed");
    }
    if (url.host.empty()) return bad("the host is missing");
    if (!is_port(url.port)) return bad("the port is not a number from 1 to 65535");
    return url;
}

std::string authority(const Url& url) {
    const bool brackets = url.host.find(':') != std::string::npos;
    return (brackets ? "[" + url.host + "]" : url.host) + ":" + url.port;
}

}  // namespace quorate::etcd
