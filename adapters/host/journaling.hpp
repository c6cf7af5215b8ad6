// The agent's journal in its working form: opened, folded back into a state, appended to, and kept
// under its size with snapshots.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/journal/journal.hpp"
#include "core/engine/ports.hpp"

namespace quorate::host {

class Journaling final : public JournalPort {
  public:
    struct Opened {
        std::unique_ptr<Journaling> journal;
        State state;       // as folded; State{} when the journal begins anew
        std::string note;  // one line when something was cut or set aside; else empty
    };
    // What the records say is compared with what this core makes of them. A journal that disagrees
    // is set aside, never believed: the state is rebuilt from observation (S16).
    static Result<Opened> open(const std::filesystem::path& path, const std::string& owner,
                               Bytes max, Instant now);

    Durable commit(std::span<const Record> records) override;

    // Takes a snapshot when one is due, and prunes. A journal that was deleted under the running
    // agent is begun anew with this state, a moment later: who deletes may not be done yet.
    // `state`: after the last committed record. Returns one line when there is something to tell.
    std::string keep(const State& state);

    const std::string& failure() const { return failure_; }
    const journal::Source& source() const { return *journal_; }
    void on_record(std::function<void(const Record&)> told) { told_ = std::move(told); }

  private:
    std::string begin_anew(const State& state);
    void keep_small(const State& state);

    Journaling(std::unique_ptr<journal::Journal> journal, Bytes max)
        : journal_(std::move(journal)), max_(max) {}

    std::unique_ptr<journal::Journal> journal_;
    Bytes max_;
    std::uint64_t since_snapshot_ = 0;
    std::optional<Instant> gone_since_;  // since boot
    std::string failure_;
    std::function<void(const Record&)> told_;
};

}  // namespace quorate::host
