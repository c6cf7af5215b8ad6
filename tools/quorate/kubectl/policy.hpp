// Moving a StatefulSet from one podManagementPolicy to the other, which the API fixes at creation:
// it is deleted without its pods, made again, and takes them over (requirements D4). What can be
// said of objects without asking anybody. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace quorate::cli::kubectl {

// As the API wants it made: without what the API itself wrote, under the other policy.
nlohmann::json made_again(const nlohmann::json& statefulset, const std::string& policy);

// Bound to one StatefulSet as it was read (uid, resourceVersion) and to the policy.
std::string policy_token(const nlohmann::json& statefulset, const std::string& policy);

// Why it cannot be done now; empty: it can.
std::string policy_refusal(const nlohmann::json& statefulset);

// A pod as it must still be afterwards.
struct Kept {
    std::string name;
    std::string uid;
    std::int64_t restarts = 0;
};
std::vector<Kept> kept_in(const std::vector<nlohmann::json>& pods);

// What became of them. Empty: all are the same pods, never restarted.
std::string lost_of(const std::vector<Kept>& before, const std::vector<nlohmann::json>& now);
// Whether each of them belongs to this StatefulSet, by its uid.
bool all_owned(const std::vector<Kept>& before, const std::vector<nlohmann::json>& now,
               const std::string& owner);

}  // namespace quorate::cli::kubectl
