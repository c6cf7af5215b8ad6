#include "tools/quorate/kubectl/cluster.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <future>
#include <iostream>
#include <set>

#include "adapters/base/replica_name.hpp"
#include "core/base/limits.hpp"
#include "tools/quorate/home.hpp"

namespace quorate::cli::kubectl {
namespace {

// What the chart calls them (deploy/chart/templates/_helpers.tpl, statefulset.yaml).
constexpr const char* labels = "app.kubernetes.io/name=quorate,app.kubernetes.io/component=agent";
constexpr const char* container = "quorate";

constexpr std::array passed_on = {"--context", "--kubeconfig", "--cluster",
                                  "--user",    "--as",         "--as-group"};

std::string bare(std::string name) {
    for (const std::string_view kind :
         {"statefulset/", "statefulsets/", "sts/", "statefulset.apps/", "statefulsets.apps/"})
        if (name.starts_with(kind)) return name.substr(kind.size());
    return name;
}

std::optional<Ordinal> ordinal_of(const std::string& pod, const std::string& statefulset) {
    const auto parsed = parse_replica_name(pod);
    if (!parsed || parsed->set != statefulset) return std::nullopt;
    return parsed->ordinal.value < limits::replicas_max ? std::optional(parsed->ordinal)
                                                        : std::nullopt;
}

std::string names_of(const Json& list) {
    std::string names;
    for (const Json& item : list)
        names += (names.empty() ? "" : ", ") + item["metadata"]["name"].get<std::string>();
    return names;
}

std::string selector_of(const Json& statefulset) {
    const Json labelled =
        statefulset.value("/spec/selector/matchLabels"_json_pointer, Json::object());
    std::string text;
    for (const auto& [key, value] : labelled.items())
        text += (text.empty() ? "" : ",") + key + "=" + value.get<std::string>();
    return text;
}

std::string program_of(const Asked& asked) {
    if (!asked.program.empty()) return asked.program;
    const char* named = std::getenv("KUBECTL");
    return named != nullptr && *named != '\0' ? named : "kubectl";
}

}  // namespace

void add_target(CLI::App& verb, Asked& asked) {
    verb.add_option("name", asked.name,
                    "of the StatefulSet, as [statefulset/]NAME; may be left out when the namespace "
                    "has one of Quorate alone");
    verb.add_option_function<std::string>(
        "-n,--namespace",
        [&asked](const std::string& value) { asked.passed.emplace_back("--namespace", value); },
        "as for kubectl");
    for (const char* flag : passed_on)
        verb.add_option_function<std::string>(
            flag,
            [&asked, flag](const std::string& value) { asked.passed.emplace_back(flag, value); },
            "as for kubectl");
    verb.add_option("--kubectl", asked.program,
                    "the kubectl to work through; else $KUBECTL, else the one in PATH");
    verb.add_option("--timeout", asked.timeout, "how long one call of kubectl may take")
        ->capture_default_str();
}

void add_formats(CLI::App& verb, Asked& asked, Formats formats) {
    const bool wide = formats == Formats::machine_and_wide;
    const std::set<std::string> known = wide ? std::set<std::string>{"json", "yaml", "wide"}
                                             : std::set<std::string>{"json", "yaml"};
    verb.add_option("-o,--output", asked.output, wide ? "json, yaml or wide" : "json or yaml")
        ->check(CLI::IsMember(known));
}

bool printed(const Asked& asked, const Json& json) {
    if (asked.output == "json")
        std::cout << json.dump(2, ' ', false, Json::error_handler_t::replace) << std::endl;
    else if (asked.output == "yaml")
        std::cout << as_yaml(json) << std::flush;
    else
        return false;
    return true;
}

Exit told(const Failure& failure, const Spoken& spoken) {
    const Exit exit = failure.kind == FailureKind::refused       ? Exit::refused
                      : failure.kind == FailureKind::unavailable ? Exit::unreachable
                                                                 : Exit::failed;
    return fail(exit, in_kubectls_words(text_of(failure), spoken));
}

std::string silence_of(const Heard& heard, const Spoken& spoken) {
    return heard.pod.name +
           " does not answer: " + in_kubectls_words(heard.said.error().what, spoken);
}

// --- Finding it ----------------------------------------------------------------------------------

tl::expected<Cluster, Exit> Cluster::find(const Asked& asked) {
    Cluster cluster;
    const auto timeout = duration_of("--timeout", asked.timeout);
    if (!timeout) return tl::unexpected(Exit::usage);
    cluster.timeout_ = *timeout;
    cluster.kubectl_ = {program_of(asked)};
    for (const auto& [flag, value] : asked.passed) {
        cluster.kubectl_.insert(cluster.kubectl_.end(), {flag, value});
        cluster.spoken_.flags += " " + flag + " " + value;
    }
    auto listed = cluster.get({"statefulsets", "--selector", labels});
    cluster.spoken_.name = bare(asked.name);
    if (!listed && listed.error().kind == FailureKind::refused &&
        listed.error().where == cluster.kubectl_.front())
        return tl::unexpected(fail(Exit::usage, listed.error()));  // it is no program
    if (!listed) return tl::unexpected(told(listed.error(), cluster.spoken_));
    const Json& all = (*listed)["items"];
    std::optional<Json> found;
    for (const Json& one : all)
        if (asked.name.empty() ? all.size() == 1 : one["metadata"]["name"] == bare(asked.name))
            found = one;
    if (!found) {
        const std::string there = all.empty() ? "this namespace has none; another one: --namespace"
                                              : "there are: " + names_of(all);
        return tl::unexpected(
            fail(Exit::usage, asked.name.empty()
                                  ? "which StatefulSet of Quorate is meant: " + there
                                  : bare(asked.name) + " is no StatefulSet of Quorate: " + there));
    }
    cluster.statefulset_ = std::move(*found);
    cluster.name_ = cluster.spoken_.name = cluster.statefulset_["metadata"]["name"];
    auto pods = cluster.pods_now();
    if (!pods) return tl::unexpected(told(pods.error(), cluster.spoken_));
    cluster.pods_ = std::move(*pods);
    return cluster;
}

std::uint32_t Cluster::replicas() const {
    return statefulset_.value("/spec/replicas"_json_pointer, std::uint32_t{1});
}

Result<std::vector<Pod>> Cluster::pods_now() const {
    auto listed = get({"pods", "--selector", selector_of(statefulset_)});
    if (!listed) return tl::unexpected(listed.error());
    std::vector<Pod> pods;
    for (std::uint32_t i = 0; i < std::min(replicas(), limits::replicas_max); ++i)
        pods.push_back({Ordinal{i}, name_ + "-" + std::to_string(i), nullptr});
    for (const Json& object : (*listed)["items"]) {
        const std::string pod_name = object["metadata"]["name"];
        const auto ordinal = ordinal_of(pod_name, name_);
        if (!ordinal) continue;
        const auto known = std::find_if(pods.begin(), pods.end(),
                                        [&](const Pod& pod) { return pod.ordinal == *ordinal; });
        if (known != pods.end())
            known->object = object;
        else
            pods.push_back({*ordinal, pod_name, object});
    }
    std::sort(pods.begin(), pods.end(),
              [](const Pod& a, const Pod& b) { return a.ordinal < b.ordinal; });
    return pods;
}

Result<Json> Cluster::statefulset_now() const {
    auto text = kubectl({"get", "statefulset", name_, "--ignore-not-found", "--output", "json"});
    if (!text) return tl::unexpected(text.error());
    if (text->empty()) return Json();
    Json json = Json::parse(*text, nullptr, false);
    if (!json.is_object()) return refused("said something that is no JSON", "kubectl get");
    return json;
}

// --- Calls ---------------------------------------------------------------------------------------

Result<Ran> Cluster::run(Words words, const std::string& input, int out) const {
    words.insert(words.begin(), kubectl_.begin(), kubectl_.end());
    return kubectl::run({words, input, out}, timeout_);
}

Result<std::string> Cluster::kubectl(Words words, const std::string& input) const {
    const std::string where = "kubectl " + words.front();
    auto ran = run(std::move(words), input, -1);
    if (!ran) return tl::unexpected(ran.error());
    if (ran->status != 0) return tl::unexpected(failure_in(ran->err, where));
    return std::move(ran->out);
}

Result<Json> Cluster::get(Words words) const {
    words.insert(words.begin(), "get");
    words.insert(words.end(), {"--output", "json"});
    auto text = kubectl(std::move(words));
    if (!text) return tl::unexpected(text.error());
    Json json = Json::parse(*text, nullptr, false);
    if (!json.is_object()) return refused("said something that is no JSON", "kubectl get");
    return json;
}

Result<std::string> Cluster::exec(const Pod& pod, const Words& command, int out) const {
    if (const std::string trouble = trouble_of(pod.object); !trouble.empty())
        return unavailable(trouble, pod.name);
    Words words{"exec", pod.name, "--container", container, "--"};
    words.insert(words.end(), command.begin(), command.end());
    auto ran = run(std::move(words), {}, out);
    if (!ran) return tl::unexpected(ran.error());
    if (ran->status != 0) return tl::unexpected(failure_in(ran->err, pod.name));
    return std::move(ran->out);
}

std::vector<Heard> Cluster::exec_everywhere(const Words& command) const {
    // At once: a node that hangs costs one deadline, not one each.
    std::vector<std::future<Result<std::string>>> asked;
    for (const Pod& pod : pods_)
        asked.push_back(
            std::async(std::launch::async, [this, &pod, &command] { return exec(pod, command); }));
    std::vector<Heard> heard;
    for (std::size_t i = 0; i < pods_.size(); ++i)
        heard.push_back({pods_[i], asked[i].get()});
    return heard;
}

}  // namespace quorate::cli::kubectl
