// A journal as RocksDB keeps it: families, keys and how a record or a snapshot is read. Inner
// header of adapters/journal, for `opening` and the journal itself: nobody else sees RocksDB.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/journal/journal.hpp"

namespace quorate::journal {

// Families, so that records, which only ever grow at their end, never share a table file with
// anything else: then compaction moves files instead of rewriting them, and pruning touches only
// what goes.
inline constexpr std::string_view kRecords = "records";
inline constexpr std::string_view kSnapshots = "snapshots";

struct Journal::Store {
    ~Store() {
        for (auto* handle : handles)
            db->DestroyColumnFamilyHandle(handle);
        if (db) db->Close();
    }

    rocksdb::ColumnFamilyHandle* family(std::string_view name) const {
        for (auto* handle : handles)
            if (handle->GetName() == name) return handle;
        return nullptr;
    }
    std::unique_ptr<rocksdb::Iterator> records() const { return iterator(kRecords); }
    std::unique_ptr<rocksdb::Iterator> snapshots() const { return iterator(kSnapshots); }
    std::unique_ptr<rocksdb::Iterator> iterator(std::string_view name) const {
        rocksdb::ReadOptions options;
        options.fill_cache = false;  // scans: nothing is read twice
        return std::unique_ptr<rocksdb::Iterator>(db->NewIterator(options, family(name)));
    }

    std::string path;
    std::shared_ptr<rocksdb::Statistics> statistics;
    std::unique_ptr<rocksdb::DB> db;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
};

using Store = Journal::Store;

// ---- keys and values

std::string key_of(EventSeq seq);
std::optional<EventSeq> seq_of(rocksdb::Slice key);

inline std::string_view view(rocksdb::Slice slice) { return {slice.data(), slice.size()}; }
inline rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
inline std::string number(EventSeq seq) { return std::to_string(seq.value); }

// ---- opening, reading and writing one

enum class Access { read_write, read_only };

struct Attempt {
    std::unique_ptr<Store> store;
    rocksdb::Status status;
};
Attempt open_store(const std::filesystem::path& path, Access access, rocksdb::WALRecoveryMode mode);

Result<std::optional<Snapshot>> snapshot_of(const Store& store, EventSeq not_after);
Result<void> visit_records(const Store& store, EventSeq from, const Visit& visit);

rocksdb::Status write_synced(Store& store, rocksdb::WriteBatch& batch);

}  // namespace quorate::journal
