// Decisions out of a journal, in words: of a directory (a running agent's too) or an exported file.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/api/explained.hpp"
#include "adapters/journal/source.hpp"

namespace quorate::cli {

Result<std::unique_ptr<journal::Source>> open_source(const std::filesystem::path& path);

// The last `count` records in which something was decided, oldest first.
Result<std::vector<api::Explained>> last_decisions(const journal::Source& source,
                                                   std::size_t count);
// One record; refused when the journal does not hold it.
Result<api::Explained> decision_at(const journal::Source& source, EventSeq seq);

// Every record from `from` on, whatever was decided.
Result<void> for_each_record(const journal::Source& source, EventSeq from,
                             const std::function<void(const api::Explained&)>& visit);

// "quorate-2", or in a pod "db-2", is replica 2; nullopt: another kind of owner.
std::optional<Ordinal> replica_of(const journal::Source& source);

}  // namespace quorate::cli
