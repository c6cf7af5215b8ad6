// The journal on a simulated volume. A commit is all or nothing: one that the power fails in, or
// that the disk refuses, leaves nothing behind, and the journal takes nothing more until the next
// life opens it again.
#pragma once

#include "core/engine/ports.hpp"
#include "sim/world/disk.hpp"

namespace quorate::sim {

// The newest cluster record that the agent of this journal knows outlives it.
void keep_newest(Journal& journal, const Facts& facts);

class VolumeJournal final : public JournalPort {
  public:
    // `kept` outlives this and stays where it is.
    explicit VolumeJournal(Journal& kept) : kept_(kept) {}
    // As the other one, and still of its own volume.
    VolumeJournal& operator=(const VolumeJournal& other) {
        failing_ = other.failing_;
        return *this;
    }
    void open() { failing_ = false; }

    // What a fold of it leaves for a new life: AgentStarted drops everything else. The check of
    // S17 folds the whole journal and would notice if that were not so.
    State folded() const;

    Durable commit(std::span<const Record> records) override;
    void fail_next_commit() { failing_ = true; }

  private:
    Journal& kept_;
    bool failing_ = false;
};

}  // namespace quorate::sim
