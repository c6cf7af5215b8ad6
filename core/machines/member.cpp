#include "core/machines/member.hpp"

#include "core/machines/table.hpp"

namespace quorate {
namespace {

using namespace table;
using Out = Effects<MemberState>;

// `since` is set by step on every move; nothing else is remembered of a member.
struct note {
    static Out decide(const State&, const auto&) { return {}; }
};

using unknown_ = In<MemberPhase::unknown>;
using joining = In<MemberPhase::joining>;
using learning = In<MemberPhase::learning>;
using voting = In<MemberPhase::voting>;
using suspect = In<MemberPhase::suspect>;
using failed = In<MemberPhase::failed>;
using namespace signal;
using enum RuleId;

struct Member : MachineDef<Member, Out> {
    using initial_state = unknown_;
    // clang-format off
    struct transition_table : mpl::vector<
      //  id    from      signal              to        effect only if
      Rule<M01, unknown_, unstarted,          joining,  note,  always>,
      Rule<M02, unknown_, answers_as_learner, learning, note,  always>,
      Rule<M03, unknown_, serves,             voting,   note,  always>,
      Rule<M04, unknown_, quiet,              suspect,  note,  always>,
      Rule<M05, unknown_, lost,               failed,   note,  always>,
      Rule<M06, joining,  answers_as_learner, learning, note,  always>,
      Rule<M07, joining,  serves,             voting,   note,  always>,
      Rule<M08, joining,  limit_passed,       failed,   note,  always>,
      Rule<M09, joining,  lost,               failed,   note,  always>,
      Rule<M10, learning, serves,             voting,   note,  always>,
      Rule<M11, learning, quiet,              suspect,  note,  always>,
      Rule<M12, learning, lost,               failed,   note,  always>,
      Rule<M13, voting,   quiet,              suspect,  note,  always>,
      Rule<M14, voting,   lost,               failed,   note,  always>,
      Rule<M15, suspect,  serves,             voting,   note,  always>,
      Rule<M16, suspect,  answers_as_learner, learning, note,  always>,
      Rule<M17, suspect,  limit_passed,       failed,   note,  always>,
      Rule<M18, suspect,  lost,               failed,   note,  always>,
      Rule<M19, failed,   serves,             voting,   note,  always>,
      Rule<M20, failed,   answers_as_learner, learning, note,  always>,
      Rule<M21, voting,   answers_as_learner, learning, note,  always>
    > {};
    // clang-format on
};

}  // namespace

MemberTurn turn_member(const State& state, MemberId member, const MemberSignal& signal) {
    return fire<Member, unknown_, joining, learning, voting, suspect, failed>(
        state.members.find(member)->phase, state, signal);
}

const char* member_phase_name(std::uint8_t phase) {
    switch (static_cast<MemberPhase>(phase)) {
        case MemberPhase::unknown:
            return "unknown";
        case MemberPhase::joining:
            return "joining";
        case MemberPhase::learning:
            return "learning";
        case MemberPhase::voting:
            return "voting";
        case MemberPhase::suspect:
            return "suspect";
        case MemberPhase::failed:
            return "failed";
    }
    return "?";
}

std::vector<RowText> member_rows() { return rows_of<Member::transition_table>(member_phase_name); }

}  // namespace quorate
