#include "adapters/etcd/errors.hpp"

#include <array>
#include <optional>
#include <string>

namespace quorate::etcd {
namespace {

struct Row {
    std::string_view text;  // whole text, without the leading "etcdserver: "
    Refusal refusal;
};

// Read from v3rpc/rpctypes/error.go and v3rpc/util.go toGRPCErrorMap, v3.4.23 to v3.7.1.
// "leader changed", "server stopped" and every "request timed out" are absent on purpose: the
// proposal may have been committed before they were said.
// clang-format off
constexpr std::array rows{
    Row{"unhealthy cluster",                                                Refusal::unhealthy_cluster},
    Row{"re-configuration failed due to not enough started members",        Refusal::not_enough_started},
    Row{"member not found",                                                 Refusal::member_not_found},
    Row{"member ID already exist",                                          Refusal::member_exists},
    Row{"Peer URLs already exists",                                         Refusal::member_exists},
    Row{"can only promote a learner member",                                Refusal::not_a_learner},
    Row{"can only promote a learner member which is in sync with leader",   Refusal::learner_not_ready},
    Row{"too many learner members in cluster",                              Refusal::too_many_learners},
    Row{"cluster ID mismatch",                                              Refusal::wrong_cluster},
    Row{"not leader",                                                       Refusal::not_leader},
    Row{"bad leader transferee",                                            Refusal::bad_transferee},
    Row{"rpc not supported for learner",                                    Refusal::learner_unsupported},
    Row{"corrupt cluster",                                                  Refusal::corrupt},
    Row{"mvcc: database space exceeded",                                    Refusal::no_space},
    Row{"mvcc: required revision has been compacted",                       Refusal::compacted},
    Row{"mvcc: required revision is a future revision",                     Refusal::future_revision},
    Row{"too many requests",                                                Refusal::too_many_requests},
    Row{"no leader",                                                        Refusal::no_leader},
    Row{"request is too large",                                             Refusal::not_possible},
    Row{"too many operations in txn request",                               Refusal::not_possible},
    Row{"duplicate key given in txn request",                               Refusal::not_possible},
    Row{"user name is empty",                                               Refusal::not_possible},
    Row{"permission denied",                                                Refusal::not_possible},
    Row{"invalid auth token",                                               Refusal::not_possible},
};

// gRPC's own words for a call that never left this process. "Socket closed" and "Connection
// reset" are not here: those calls may have arrived.
constexpr std::array never_sent{
    std::string_view{"failed to connect to all addresses"},
    std::string_view{"DNS resolution failed"},
    std::string_view{"empty address list"},
};
// clang-format on

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::optional<Refusal> by_text(std::string_view text) {
    constexpr std::string_view prefix = "etcdserver: ";
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
    for (const Row& row : rows) {
        if (row.text == text) return row.refusal;
    }
    return std::nullopt;
}

bool was_never_sent(std::string_view text) {
    for (std::string_view words : never_sent) {
        if (text.starts_with(words)) return true;
    }
    return false;
}

}  // namespace

NotDone classify(int code, std::string_view text) {
    const std::string_view words = trimmed(text);
    if (const auto refusal = by_text(words)) return Refused{*refusal, std::string(words)};
    if (code == code_unavailable && was_never_sent(words))
        return Refused{Refusal::not_reachable, std::string(words)};
    if (code == code_unimplemented) return Refused{Refusal::not_possible, std::string(words)};
    return Unknown{words.empty() ? "failed without a text, code " + std::to_string(code)
                                 : std::string(words)};
}

}  // namespace quorate::etcd
