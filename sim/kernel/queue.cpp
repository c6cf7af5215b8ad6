#include "sim/kernel/queue.hpp"

namespace quorate::sim {

const char* name_of(Kind kind) {
    switch (kind) {
        case Kind::raft_tick:
            return "raft_tick";
        case Kind::raft_message:
            return "raft_message";
        case Kind::etcd_boot:
            return "etcd_boot";
        case Kind::etcd_exit:
            return "etcd_exit";
        case Kind::agent_run:
            return "agent_run";
        case Kind::probe:
            return "probe";
        case Kind::watch:
            return "watch";
        case Kind::wake:
            return "wake";
        case Kind::renew_lease:
            return "renew_lease";
        case Kind::execute:
            return "execute";
        case Kind::answer_overdue:
            return "answer_overdue";
        case Kind::pod_start:
            return "pod_start";
        case Kind::pod_kill:
            return "pod_kill";
        case Kind::reconcile:
            return "reconcile";
        case Kind::client_put:
            return "client_put";
        case Kind::audit:
            return "audit";
        case Kind::fault:
            return "fault";
        case Kind::peers:
            return "peers";
        case Kind::peer_letter:
            return "peer_letter";
        case Kind::api_cache:
            return "api_cache";
        case Kind::relist:
            return "relist";
        case Kind::news_again:
            return "news_again";
        case Kind::name_found:
            return "name_found";
    }
    return "?";
}

}  // namespace quorate::sim
