// A journal as one file, for a bug report or another machine: a header line (format, what is
// inside, owner), the snapshot that the records continue if there is one, then the records, each
// framed as in the journal (core/wire/frame.hpp). Cutting the file short is noticed.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <memory>

#include "adapters/base/result.hpp"
#include "adapters/journal/source.hpp"

namespace quorate::journal {

// Everything needed to replay the records from `from` on. The file appears whole or not at all.
Result<void> export_to_file(const Source& source, const std::filesystem::path& file,
                            EventSeq from = EventSeq{0});

// The same bytes into a stream, as they are read. A stream that ended early is noticed by
// open_exported.
Result<void> export_to_stream(const Source& source, std::ostream& stream,
                              EventSeq from = EventSeq{0});

// Verifies the whole file first.
Result<std::unique_ptr<Source>> open_exported(const std::filesystem::path& file);

}  // namespace quorate::journal
