#include "tools/quorate/kubectl/words.hpp"

#include <array>
#include <charconv>
#include <ctime>
#include <optional>
#include <string_view>
#include <vector>

namespace quorate::cli::kubectl {
namespace {

using Json = nlohmann::json;

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool starts_word(const std::string& text, std::size_t at) {
    return at == 0 || text[at - 1] == ' ' || text[at - 1] == '\n';
}

// Verbs that this program has too, longest first.
constexpr std::array<std::string_view, 7> verbs = {
    "recover plan", "recover apply", "journal export", "status", "explain", "members", "replay"};

// "quorate scale 3" at `at`: where it ends, and the number.
std::optional<std::pair<std::size_t, std::string>> scale_at(const std::string& text,
                                                            std::size_t at) {
    constexpr std::string_view command = "quorate scale ";
    if (text.compare(at, command.size(), command) != 0) return std::nullopt;
    std::size_t end = at + command.size();
    std::string number;
    for (; end < text.size() && is_digit(text[end]); ++end)
        number += text[end];
    if (number.empty()) return std::nullopt;
    return std::pair(end, number);
}

constexpr std::string_view exit_line = "command terminated with exit code ";

// What stands beside an error and is none: the container that kubectl chose, the exit code, and the
// same error as a line of klog, "E1130 15:04:05 ...", or of etcdctl's log.
bool is_aside(const std::string& line) {
    return line.starts_with(exit_line) || line.starts_with("Defaulted container ") ||
           line.starts_with("{\"level\":") ||
           (line.size() > 5 && line[0] == 'E' && is_digit(line[1]) && is_digit(line[4]));
}

std::string errors_in(const std::string& err) {
    std::string text;
    std::size_t from = 0;
    while (from < err.size()) {
        const std::size_t end = std::min(err.find('\n', from), err.size());
        const std::string line = err.substr(from, end - from);
        from = end + 1;
        if (line.empty() || is_aside(line)) continue;
        text += (text.empty() ? "" : "; ") + line;
    }
    return text;
}

std::string without_prefix(std::string text, std::string_view prefix) {
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

std::string text_at(const Json& json, const char* pointer) {
    const Json::json_pointer at(pointer);
    return json.contains(at) && json[at].is_string() ? json[at].get<std::string>() : "";
}

std::string with_message(const std::string& reason, const std::string& message) {
    return message.empty() ? reason : reason + ": " + message;
}

// The condition PodScheduled, while it is false.
std::string unscheduled(const Json& pod) {
    for (const Json& condition : pod.value("/status/conditions"_json_pointer, Json::array()))
        if (condition.value("type", "") == "PodScheduled" &&
            condition.value("status", "") == "False")
            return with_message(condition.value("reason", ""), condition.value("message", ""));
    return "";
}

std::string waiting_in(const Json& statuses) {
    for (const Json& status : statuses) {
        for (const char* state : {"waiting", "terminated"}) {
            const Json::json_pointer at("/state/" + std::string(state));
            if (!status.contains(at)) continue;
            if (std::string_view(state) == "terminated" && status[at].value("exitCode", 1) == 0)
                continue;
            return "container " + status.value("name", "") + " is " + state + ": " +
                   with_message(
                       text_at(status, ("/state/" + std::string(state) + "/reason").c_str()),
                       text_at(status, ("/state/" + std::string(state) + "/message").c_str()));
        }
    }
    return "";
}

void emit(const Json& json, std::size_t indent, std::string& text);

// A scalar of JSON is one of YAML; strings that could be read as something else stay quoted.
void emit_value(const Json& json, std::size_t indent, std::string& text) {
    const bool nested = (json.is_object() || json.is_array()) && !json.empty();
    if (!nested) {
        text += " " + json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
        return;
    }
    text += "\n";
    emit(json, indent, text);
}

void emit(const Json& json, std::size_t indent, std::string& text) {
    const std::string margin(indent, ' ');
    if (json.is_object()) {
        for (const auto& [key, value] : json.items()) {
            text += margin + key + ":";
            emit_value(value, value.is_array() ? indent : indent + 2, text);
        }
        return;
    }
    for (const Json& value : json) {
        std::string item;
        const bool nested = (value.is_object() || value.is_array()) && !value.empty();
        if (!nested) {
            text += margin + "-";
            emit_value(value, indent, text);
            continue;
        }
        emit(value, indent + 2, item);
        item.replace(indent, 1, "-");
        text += item;
    }
}

}  // namespace

std::string in_kubectls_words(const std::string& text, const Spoken& spoken) {
    const std::string whom = " " + spoken.name + spoken.flags;
    std::string said;
    std::size_t at = 0;
    while (at < text.size()) {
        if (text.compare(at, 8, "quorate ") != 0 || !starts_word(text, at) ||
            said.ends_with("kubectl ")) {
            said += text[at++];
            continue;
        }
        if (const auto scaled = scale_at(text, at)) {
            said += "kubectl scale statefulset" + whom + " --replicas " + scaled->second;
            at = scaled->first;
            continue;
        }
        std::size_t length = 0;
        for (const std::string_view verb : verbs)
            if (length == 0 && text.compare(at + 8, verb.size(), verb) == 0) length = verb.size();
        if (length == 0) {
            said += text[at++];
            continue;
        }
        said += "kubectl quorate " + text.substr(at + 8, length) + whom;
        at += 8 + length;
    }
    return said;
}

std::optional<int> exit_in(const std::string& err) {
    const std::size_t at = err.rfind(exit_line);
    if (at == std::string::npos) return std::nullopt;
    int code = 0;
    const char* from = err.data() + at + exit_line.size();
    const auto [end, error] = std::from_chars(from, err.data() + err.size(), code);
    return error == std::errc() && end != from ? std::optional(code) : std::nullopt;
}

Failure failure_in(const std::string& err, const std::string& where) {
    const std::string whole = errors_in(err);
    if (const auto code = exit_in(err))
        return {*code == 3 ? FailureKind::unavailable : FailureKind::refused,
                without_prefix(whole, "quorate: "), where};
    // ... is forbidden: User "eve" cannot create resource "pods/exec" in API group "" in the
    // namespace "db" (RBAC writes it, k8s.io/apiserver registry of authorizer errors).
    const std::size_t user = whole.find("User \"");
    if (user != std::string::npos && whole.find("\" cannot ", user) != std::string::npos)
        return {FailureKind::refused,
                whole.substr(user) + "; ask for a role with this verb on this resource", where};
    const std::string bare = without_prefix(without_prefix(whole, "error: "), "Error from server ");
    for (const char* silence :
         {"Unable to connect", "connection refused", "was refused - did you specify", "i/o timeout",
          "TLS handshake timeout", "connection reset", "EOF", "no route to host"})
        if (whole.find(silence) != std::string::npos)
            return {FailureKind::unavailable, bare, where};
    return {FailureKind::refused, bare.empty() ? "ended without a word" : bare, where};
}

std::string trouble_of(const Json& pod) {
    if (!pod.is_object()) return "there is no pod";
    const std::string phase = text_at(pod, "/status/phase");
    const Json none = Json::array();
    for (const char* kind : {"/status/initContainerStatuses", "/status/containerStatuses"})
        if (const std::string waits = waiting_in(pod.value(Json::json_pointer(kind), none));
            !waits.empty())
            return "the pod is " + phase + ", " + waits;
    if (phase == "Running") return "";
    if (const std::string why = unscheduled(pod); !why.empty())
        return "the pod is " + phase + ", " + why;
    return "the pod is " + (phase.empty() ? "not started" : phase);
}

std::string age_text(Span age) {
    const std::int64_t seconds = std::max<std::int64_t>(0, age.us / 1'000'000);
    if (seconds < 120) return std::to_string(seconds) + "s";
    if (seconds < 3 * 3600) return std::to_string(seconds / 60) + "m";
    if (seconds < 48 * 3600) return std::to_string(seconds / 3600) + "h";
    return std::to_string(seconds / 86400) + "d";
}

std::optional<std::int64_t> seconds_in(const std::string& time) {
    std::tm parts{};
    const char* end = ::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return static_cast<std::int64_t>(::timegm(&parts));
}

std::string as_yaml(const Json& json) {
    std::string text;
    if ((json.is_object() || json.is_array()) && !json.empty())
        emit(json, 0, text);
    else
        text = json.dump() + "\n";
    return text;
}

}  // namespace quorate::cli::kubectl
