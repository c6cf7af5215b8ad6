#include "adapters/kube/client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <vector>

namespace quorate::kube {
namespace {

constexpr std::size_t answer_bytes_max = std::size_t{8} << 20;
constexpr long connect_ms_max = 3'000;

struct Closed {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, Closed>;

struct Freed {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, Freed>;

void add(Headers& headers, const std::string& line) {
    curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
    if (longer == nullptr) return;
    static_cast<void>(headers.release());
    headers.reset(longer);
}

std::optional<std::string> content_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    if (!file) return std::nullopt;
    std::string content = text.str();
    while (!content.empty() && (content.back() == '\n' || content.back() == ' '))
        content.pop_back();
    return content;
}

std::string path_of(const Resource& resource, bool of_all) {
    const bool core = resource.group.find('/') == std::string::npos;
    std::string path = core ? "/api/" : "/apis/";
    path += resource.group + "/namespaces/" + resource.space + "/" + resource.kind;
    return of_all || resource.name.empty() ? path : path + "/" + resource.name;
}

std::string selecting(const Resource& resource) {
    return "?fieldSelector=metadata.name%3D" + resource.name;
}

std::size_t keep(char* data, std::size_t size, std::size_t count, void* to) {
    auto& text = *static_cast<std::string*>(to);
    if (text.size() + size * count > answer_bytes_max) return 0;
    text.append(data, size * count);
    return size * count;
}

// Of a stream: one JSON document a line.
struct Lines {
    std::string rest;
    std::function<void(const std::string&)> told;
};
std::size_t split(char* data, std::size_t size, std::size_t count, void* to) {
    auto& lines = *static_cast<Lines*>(to);
    lines.rest.append(data, size * count);
    if (lines.rest.size() > answer_bytes_max) return 0;
    std::size_t begin = 0;
    for (std::size_t end; (end = lines.rest.find('\n', begin)) != std::string::npos;
         begin = end + 1)
        lines.told(lines.rest.substr(begin, end - begin));
    lines.rest.erase(0, begin);
    return size * count;
}

int look_for_stop(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0;
}

// Whether the request may have reached the server. One that never had a connection did not.
bool may_have_been_heard(CURL* handle, CURLcode code) {
    if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT ||
        code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION)
        return false;
    curl_off_t before_sending = 0;
    curl_easy_getinfo(handle, CURLINFO_PRETRANSFER_TIME_T, &before_sending);
    return before_sending > 0;
}

// Lines for people quote other programs, and are cut: what is not UTF-8 must not throw.
std::string body_of(const Json& object) {
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

long milliseconds_of(Span span) {
    return static_cast<long>(std::max<std::int64_t>(1, span.us / 1000));
}

}  // namespace

std::string to_text(const Resource& resource) {
    return resource.kind + " " + resource.space + "/" + resource.name;
}

Failure failure_of(const Answer& answer, const Resource& resource) {
    std::string what = "the API answered " + std::to_string(answer.status);
    if (answer.body.is_object())
        if (const auto words = answer.body.find("message");
            words != answer.body.end() && words->is_string())
            what = words->get<std::string>();
    if (answer.status == 403) what += "; grant it in the Role of the chart (templates/rbac.yaml)";
    if (answer.status == 401) what += "; the token is not accepted: is the service account gone?";
    const bool too_much = answer.status == 429;
    const bool broken = answer.status >= 500;
    return {too_much ? FailureKind::unavailable
            : broken ? FailureKind::unknown
                     : FailureKind::refused,
            what, to_text(resource)};
}

struct Client::Connections {
    Access access;
    std::mutex mutex;
    std::vector<Handle> idle;

    Handle take() {
        {
            const std::lock_guard guard(mutex);
            if (!idle.empty()) {
                Handle handle = std::move(idle.back());
                idle.pop_back();
                curl_easy_reset(handle.get());  // options only; its connections stay
                return handle;
            }
        }
        return Handle(curl_easy_init());
    }
    void give_back(Handle handle) {
        const std::lock_guard guard(mutex);
        idle.push_back(std::move(handle));
    }

    struct Call {
        const char* method = "GET";
        std::string path;
        std::string body = {};
        Span deadline;
        const char* content = "application/json";  // of the body
    };

    // What is the same for all calls. Refused when the token cannot be read.
    Result<Headers> prepare(CURL* handle, const Call& call, char* error) const {
        Headers headers;
        add(headers, "Accept: application/json");
        if (!access.token.empty()) {
            const auto token = content_of(access.token);
            if (!token || token->empty())
                return unavailable("cannot be read, so nobody may be asked", access.token);
            add(headers, "Authorization: Bearer " + *token);
        }
        if (!call.body.empty()) add(headers, std::string("Content-Type: ") + call.content);
        curl_easy_setopt(handle, CURLOPT_URL, (access.server + call.path).c_str());
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, call.method);
        if (!call.body.empty()) {
            curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(call.body.size()));
            curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, call.body.c_str());
        }
        curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
        curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(handle, CURLOPT_NOPROXY,
                         "*");  // what a pod's image says of proxies is not for us
        curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https,http");
        curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
        curl_easy_setopt(handle, CURLOPT_USERAGENT, "quorate");
        curl_easy_setopt(handle, CURLOPT_CAINFO, access.ca.c_str());
        if (!access.certificate.empty()) {
            curl_easy_setopt(handle, CURLOPT_SSLCERT, access.certificate.c_str());
            curl_easy_setopt(handle, CURLOPT_SSLKEY, access.key.c_str());
        }
        curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
        const long wait = milliseconds_of(call.deadline);
        curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, wait);
        curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, std::min(wait, connect_ms_max));
        return headers;
    }

    Result<Answer> ended(CURL* handle, CURLcode code, const Call& call, const char* error,
                         const std::string& text) const {
        const std::string where = std::string(call.method) + " " + access.server + call.path;
        if (code != CURLE_OK) {
            const std::string what = *error != '\0' ? error : curl_easy_strerror(code);
            const bool changes = std::string_view(call.method) != "GET";
            if (changes && may_have_been_heard(handle, code)) return unknown(what, where);
            return unavailable(what, where);
        }
        long status = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        Answer answer{static_cast<int>(status), Json::parse(text, nullptr, false)};
        if (answer.body.is_discarded() && answer.ok())
            return unknown("the answer is not JSON", where);
        return answer;
    }

    Result<Answer> call(const Call& call) {
        Handle handle = take();
        char error[CURL_ERROR_SIZE] = "";
        auto headers = prepare(handle.get(), call, error);
        if (!headers) return tl::unexpected(headers.error());
        std::string text;
        curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, keep);
        curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &text);
        const CURLcode code = curl_easy_perform(handle.get());
        auto answer = ended(handle.get(), code, call, error, text);
        // A connection that hangs is not used again.
        if (code == CURLE_OK) give_back(std::move(handle));
        return answer;
    }
};

Client::Client(std::unique_ptr<Connections> connections) : connections_(std::move(connections)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::create(Access access) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (ready != CURLE_OK) return refused(curl_easy_strerror(ready), "libcurl");
    if (!content_of(access.ca)) return refused("cannot be read", access.ca);
    auto connections = std::make_unique<Connections>();
    connections->access = std::move(access);
    return std::unique_ptr<Client>(new Client(std::move(connections)));
}

const Access& Client::access() const { return connections_->access; }

Result<Answer> Client::get(const Resource& resource, Read read, Span deadline) const {
    const std::string query = read == Read::cached ? "?resourceVersion=0" : "";
    return connections_->call({"GET", path_of(resource, false) + query, {}, deadline});
}

Result<Answer> Client::list(const Resource& resource, Span deadline) const {
    return connections_->call({"GET", path_of(resource, true) + selecting(resource), {}, deadline});
}

Result<Answer> Client::create(const Resource& resource, const Json& object, Span deadline) const {
    return connections_->call({"POST", path_of(resource, true), body_of(object), deadline});
}

Result<Answer> Client::replace(const Resource& resource, const Json& object, Span deadline) const {
    return connections_->call({"PUT", path_of(resource, false), body_of(object), deadline});
}

Result<Answer> Client::patch_status(const Resource& resource, const Json& patch,
                                    Span deadline) const {
    return connections_->call({"PATCH", path_of(resource, false) + "/status", body_of(patch),
                               deadline, "application/strategic-merge-patch+json"});
}

Result<Answer> Client::remove(const Resource& resource, Span deadline) const {
    return connections_->call({"DELETE", path_of(resource, false), {}, deadline});
}

namespace {

std::optional<Event> event_of(const std::string& type) {
    if (type == "ADDED") return Event::added;
    if (type == "MODIFIED") return Event::modified;
    if (type == "DELETED") return Event::deleted;
    if (type == "BOOKMARK") return Event::bookmark;
    return std::nullopt;
}

}  // namespace

Result<Answer> Client::watch(const Resource& resource, const std::string& resource_version,
                             Span length, const std::atomic<bool>& stop,
                             const std::function<void(Event, const Json&)>& told) const {
    Connections::Call call;
    call.path = path_of(resource, true) + selecting(resource) +
                "&watch=1&allowWatchBookmarks=true&resourceVersion=" + resource_version +
                "&timeoutSeconds=" + std::to_string(length.us / 1'000'000);
    call.deadline = length + seconds(10);
    Handle handle = connections_->take();
    char error[CURL_ERROR_SIZE] = "";
    auto headers = connections_->prepare(handle.get(), call, error);
    if (!headers) return tl::unexpected(headers.error());

    std::optional<Answer> refusal;  // told in the stream, or as a plain answer
    Lines lines{{}, [&](const std::string& line) {
                    Json json = Json::parse(line, nullptr, false);
                    if (!json.is_object() || refusal) return;
                    if (json.value("kind", "") == "Status") {
                        refusal = Answer{json.value("code", 500), std::move(json)};
                        return;
                    }
                    const auto event = event_of(json.value("type", ""));
                    const Json object = json.value("object", Json::object());
                    if (event)
                        told(*event, object);
                    else
                        refusal = Answer{object.value("code", 500), object};
                }};
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, split);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &lines);
    curl_easy_setopt(handle.get(), CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle.get(), CURLOPT_XFERINFOFUNCTION, look_for_stop);
    curl_easy_setopt(handle.get(), CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&stop));
    const CURLcode code = curl_easy_perform(handle.get());
    if (stop) return Answer{200, {}};
    if (!lines.rest.empty() && !refusal) lines.told(lines.rest);
    if (refusal) return std::move(*refusal);
    auto answer = connections_->ended(handle.get(), code, call, error, "{}");
    if (code == CURLE_OK) connections_->give_back(std::move(handle));
    return answer;
}

}  // namespace quorate::kube
