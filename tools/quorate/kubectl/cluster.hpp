// One StatefulSet of Quorate as kubectl reaches it, with the rights and the kubeconfig of whoever
// calls: objects by `kubectl get`, agents by `kubectl exec` of the verbs that the image has.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "tools/quorate/exit.hpp"
#include "tools/quorate/kubectl/child.hpp"
#include "tools/quorate/kubectl/words.hpp"

namespace quorate::cli::kubectl {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

// What the command line says of who is meant and how to get there.
struct Asked {
    std::string name;     // of the StatefulSet; empty: the only one of the namespace
    std::string program;  // kubectl; empty: $KUBECTL, or the one in PATH
    std::string timeout = "20s";
    std::string output;
    std::vector<std::pair<std::string, std::string>> passed;  // flags that kubectl gets as they are
};

// NAME, and the flags of kubectl that lead to another cluster, user or namespace.
void add_target(CLI::App& verb, Asked& asked);
// -o json|yaml, and -o wide where there are more columns.
enum class Formats { machine, machine_and_wide };
void add_formats(CLI::App& verb, Asked& asked, Formats formats);
// Prints what a program reads, when that was asked for; false: print for people.
bool printed(const Asked& asked, const Json& json);

struct Pod {
    Ordinal ordinal;
    std::string name;
    Json object;  // null: there is none
};

// What the program in one pod said, or why it said nothing.
struct Heard {
    Pod pod;
    Result<std::string> said;
};

class Cluster {
  public:
    // Found, with its pods; an Exit that was told otherwise.
    static tl::expected<Cluster, Exit> find(const Asked& asked);

    const std::string& name() const { return name_; }
    const Json& statefulset() const { return statefulset_; }
    std::string space() const { return statefulset_["metadata"]["namespace"]; }
    std::uint32_t replicas() const;
    // Of every replica that is wanted or has a pod.
    const std::vector<Pod>& pods() const { return pods_; }
    const Spoken& spoken() const { return spoken_; }
    std::string command(const std::string& verb) const {
        return "kubectl quorate " + verb + " " + name_ + spoken_.flags;
    }

    Result<Json> get(Words words) const;
    Result<std::string> kubectl(Words words, const std::string& input = {}) const;
    // A program of the image, in the agent's container. Its stdout goes to `out`, if that is given.
    Result<std::string> exec(const Pod& pod, const Words& command, int out = -1) const;
    // The same in all pods at once that can be asked; those that cannot say why.
    std::vector<Heard> exec_everywhere(const Words& command) const;
    // What is there now. Null: no such object.
    Result<Json> statefulset_now() const;
    Result<std::vector<Pod>> pods_now() const;

  private:
    Cluster() = default;
    Result<Ran> run(Words words, const std::string& input, int out) const;

    Words kubectl_;  // with the flags that are passed on
    Span timeout_{};
    Json statefulset_;
    std::string name_;
    Spoken spoken_;
    std::vector<Pod> pods_;
};

// One line for a replica that was not heard.
std::string silence_of(const Heard& heard, const Spoken& spoken);

// What is told of a failed call: nobody answered, or somebody said no.
Exit told(const Failure& failure, const Spoken& spoken);

}  // namespace quorate::cli::kubectl
