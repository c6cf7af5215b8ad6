// What kubectl, the API server and the agents say, in the words of who works with kubectl. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "adapters/base/result.hpp"
#include "core/base/instant.hpp"

namespace quorate::cli::kubectl {

// Which StatefulSet, and the flags that reach it: " --namespace db --context prod", or empty.
struct Spoken {
    std::string name;
    std::string flags;
};

// Commands of `quorate` that agents name as the next step, as commands of kubectl.
std::string in_kubectls_words(const std::string& text, const Spoken& spoken);

// Why a call of kubectl failed, from what it wrote on stderr. Refused: the API server, or what runs
// in the pod, said no; of missing rights the verb and the resource are named. Unavailable: nobody
// answered.
Failure failure_in(const std::string& err, const std::string& where);

// The exit status of the program that ran in a pod, when it ran; kubectl says it on its last line.
std::optional<int> exit_in(const std::string& err);

// Why nobody in the pod can be asked; empty: somebody can. Null: there is no such pod.
std::string trouble_of(const nlohmann::json& pod);

// As kubectl says it: 45s, 12m, 5h, 3d.
std::string age_text(Span age);

// Seconds since 1970 of "2026-01-31T12:00:00Z", the API's form; nullopt: it is none.
std::optional<std::int64_t> seconds_in(const std::string& time);

std::string as_yaml(const nlohmann::json& json);

}  // namespace quorate::cli::kubectl
