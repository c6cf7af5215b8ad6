// The closed tables of what is compared: what etcd answered, and why a member ended.
#include <array>

#include "sim/xv/stage.hpp"

namespace quorate::sim::xv {
namespace {

struct RefusalName {
    Refusal refusal;
    const char* token;
};
// clang-format off
constexpr std::array refusal_names = {
    RefusalName{Refusal::unhealthy_cluster,   "unhealthy"},
    RefusalName{Refusal::not_enough_started,  "not-started"},
    RefusalName{Refusal::member_not_found,    "not-found"},
    RefusalName{Refusal::member_exists,       "exists"},
    RefusalName{Refusal::not_a_learner,       "not-a-learner"},
    RefusalName{Refusal::learner_not_ready,   "not-in-sync"},
    RefusalName{Refusal::too_many_learners,   "too-many-learners"},
    RefusalName{Refusal::wrong_cluster,       "wrong-cluster"},
    RefusalName{Refusal::not_leader,          "not-leader"},
    RefusalName{Refusal::bad_transferee,      "bad-transferee"},
    RefusalName{Refusal::learner_unsupported, "learner"},
    RefusalName{Refusal::corrupt,             "corrupt"},
    RefusalName{Refusal::no_space,            "no-space"},
    RefusalName{Refusal::compacted,           "compacted"},
    RefusalName{Refusal::future_revision,     "future-revision"},
    RefusalName{Refusal::too_many_requests,   "busy"},
    RefusalName{Refusal::no_leader,           "no-leader"},
    RefusalName{Refusal::not_reachable,       "unreachable"},
};

struct ExitName {
    ExitClass why;
    const char* token;
};
constexpr std::array exit_names = {
    ExitName{ExitClass::stopped,              "stopped"},
    ExitName{ExitClass::killed,               "killed"},
    ExitName{ExitClass::removed,              "removed"},
    ExitName{ExitClass::already_bootstrapped, "already-bootstrapped"},
    ExitName{ExitClass::not_admitted,         "not-admitted"},
    ExitName{ExitClass::peers_unreachable,    "peers-unreachable"},
    ExitName{ExitClass::log_lost,             "log-lost"},
    ExitName{ExitClass::wal_damaged,          "wal-damaged"},
    ExitName{ExitClass::db_damaged,           "db-damaged"},
    ExitName{ExitClass::data_inconsistent,    "data-inconsistent"},
    ExitName{ExitClass::older_binary,         "older-binary"},
    ExitName{ExitClass::disk_full,            "disk-full"},
    ExitName{ExitClass::disk_refused,         "disk-refused"},
    ExitName{ExitClass::address_in_use,       "address-in-use"},
    ExitName{ExitClass::bad_arguments,        "bad-arguments"},
};
// clang-format on

}  // namespace

std::string token_of(const Reply& reply) {
    if (std::holds_alternative<Done>(reply)) return "ok";
    // Nobody knows whether it was done.
    if (const auto* unknown = std::get_if<Unknown>(&reply)) {
        for (const char* text : {"timed out", "eadline", "DEADLINE", "no answer", "leader changed",
                                 "Socket closed", "RST_STREAM"})
            if (unknown->text.find(text) != std::string::npos) return "timeout";
        return "unknown: " + unknown->text;
    }
    const auto& refused = std::get<Refused>(reply);
    for (const RefusalName& row : refusal_names)
        if (row.refusal == refused.refusal) return row.token;
    return "refused: " + refused.text;
}

std::string token_of(ExitClass why) {
    for (const ExitName& row : exit_names)
        if (row.why == why) return row.token;
    return "unknown";
}

}  // namespace quorate::sim::xv
