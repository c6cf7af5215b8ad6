// A journal as text: for every event when it was, what became known, which rules answered and what
// was then wanted of the world. An outcome is shown with the words of its command.
//
//   2026-03-04T05:06:07.000008Z #412 replica 2 does not answer
//       a voter is quiet for longer than the limit (M09 suspect -> failed)
//       wants #57 list members
//   2026-03-04T05:06:07.120034Z #413 command #57 done [list members]
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/model/decision.hpp"
#include "core/model/observation.hpp"
#include "replay/replay.hpp"

namespace quorate::replay {

// Takes what became of events in their order and gives the lines of each.
class Timeline {
  public:
    std::string add(const Event& event, const Decision& decision);
    std::string add(EventSeq seq, std::string_view entry);  // a journal's payload

  private:
    std::string outcome_of(CommandId id);

    std::map<CommandId, std::string> wanted_;  // in the words of explain; gone with the outcome
};

// "2026-03-04T05:06:07.000008Z".
std::string utc(Instant at);

// All of it; what cannot be read stands as a line in its place.
std::string render(const Source& source);

}  // namespace quorate::replay
