// An alarm of etcd: it is kept in the database, outlives its cause, and goes only when disarmed
// for its member and kind (etcd facts 9).
#pragma once

#include "core/base/ids.hpp"

namespace quorate::etcd {

enum class AlarmKind { nospace, corrupt };

struct Alarm {
    MemberId member;  // 0: the whole cluster, nobody is accused
    AlarmKind kind = AlarmKind::nospace;
    bool operator==(const Alarm&) const = default;
};

}  // namespace quorate::etcd
