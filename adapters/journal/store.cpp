#include "adapters/journal/store.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdarg>

namespace quorate::journal {
namespace {

using rocksdb::Slice;
using rocksdb::Status;
using rocksdb::WALRecoveryMode;

// Memory: two memtables of 2 MiB in the worst case, a small cache, few open files.
constexpr std::size_t kWriteBuffer = std::size_t{2} << 20;
constexpr std::size_t kBlockCache = std::size_t{1} << 20;
constexpr std::uint64_t kLogTotal = std::uint64_t{4} << 20;
constexpr int kOpenFilesMax = 32;

// RocksDB's own log is a file in the journal: on a full disk the line that tells of the shutdown
// cannot be written, and a second failure in one file is an assertion of Debian's librocksdb. What
// went wrong is in the status of each call.
class NoLog final : public rocksdb::Logger {
  public:
    using rocksdb::Logger::Logv;
    void Logv(const char*, va_list) override {}
};

rocksdb::DBOptions database_options(Access access, WALRecoveryMode mode) {
    rocksdb::DBOptions options;
    options.info_log = std::make_shared<NoLog>();
    options.create_if_missing = access == Access::read_write;
    options.create_missing_column_families = access == Access::read_write;
    options.wal_recovery_mode = mode;
    options.max_total_wal_size = kLogTotal;
    // A view opens every table file at once: the owner may delete one later.
    options.max_open_files = access == Access::read_only ? -1 : kOpenFilesMax;
    options.max_file_opening_threads = 1;
    options.max_background_jobs = 2;
    options.max_subcompactions = 1;
    options.max_manifest_file_size = std::uint64_t{256} << 10;
    options.stats_dump_period_sec = 0;
    options.stats_persist_period_sec = 0;
    return options;
}

rocksdb::ColumnFamilyOptions family_options() {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(kBlockCache, 0);
    table.block_size = std::size_t{16} << 10;
    rocksdb::ColumnFamilyOptions options;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    options.write_buffer_size = kWriteBuffer;
    options.max_write_buffer_number = 2;
    options.target_file_size_base = kWriteBuffer;
    options.level0_file_num_compaction_trigger = 2;
    options.max_bytes_for_level_base = std::uint64_t{1} << 30;  // one level holds everything
    options.compression = rocksdb::kNoCompression;  // so that content and disk size agree
    return options;
}

// A newer binary may have added families; all must be named to open.
std::vector<std::string> families(const std::string& path) {
    std::vector<std::string> names;
    rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions{}, path, &names).PermitUncheckedError();
    for (const std::string& name :
         {rocksdb::kDefaultColumnFamilyName, std::string(kRecords), std::string(kSnapshots)})
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    return names;
}

}  // namespace

// Big endian, so that the order of keys is the order of records.
std::string key_of(EventSeq seq) {
    std::string key(8, '\0');
    for (std::size_t i = 0; i < 8; ++i)
        key[i] = static_cast<char>((seq.value >> (56 - 8 * i)) & 0xffU);
    return key;
}

std::optional<EventSeq> seq_of(Slice key) {
    if (key.size() != 8) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i)
        value = value << 8 | static_cast<unsigned char>(key[i]);
    return EventSeq{value};
}

Attempt open_store(const std::filesystem::path& path, Access access, WALRecoveryMode mode) {
    auto store = std::make_unique<Store>();
    store->path = path.string();
    rocksdb::DBOptions options = database_options(access, mode);
    store->statistics = options.statistics = rocksdb::CreateDBStatistics();
    options.statistics->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);

    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const std::string& name : families(store->path))
        descriptors.emplace_back(name, family_options());

    rocksdb::DB* db = nullptr;
    const Status status =
        access == Access::read_write
            ? rocksdb::DB::Open(options, store->path, descriptors, &store->handles, &db)
            : rocksdb::DB::OpenForReadOnly(options, store->path, descriptors, &store->handles, &db);
    store->db.reset(db);
    if (!status.ok()) return {nullptr, status};
    return {std::move(store), status};
}

Result<std::optional<Snapshot>> snapshot_of(const Store& store, EventSeq not_after) {
    auto at = store.snapshots();
    at->SeekForPrev(key_of(not_after));
    if (!at->status().ok())
        return unavailable("cannot read a snapshot: " + at->status().ToString(), store.path);
    if (!at->Valid()) return std::optional<Snapshot>{};
    const auto frame = wire::unframe(view(at->value()));
    if (const auto* error = std::get_if<wire::FrameError>(&frame))
        return refused(
            "snapshot " + number(seq_of(at->key()).value_or(EventSeq{0})) + ": " + error->what,
            store.path);
    const auto& found = std::get<wire::Unframed>(frame);
    return std::optional<Snapshot>{Snapshot{found.seq, found.previous, std::string(found.payload)}};
}

Result<void> visit_records(const Store& store, EventSeq from, const Visit& visit) {
    auto at = store.records();
    wire::ChainReader reader;
    EventSeq due = from;
    for (at->Seek(key_of(from)); at->Valid(); at->Next()) {
        due = seq_of(at->key()).value_or(due);
        const auto frame = reader.next(view(at->value()));
        if (const auto* error = std::get_if<wire::FrameError>(&frame))
            return refused("record " + number(due) + ": " + error->what, store.path);
        const auto& record = std::get<wire::Unframed>(frame);
        if (!visit(record.seq, record.payload)) return {};
        due = EventSeq{record.seq.value + 1};
    }
    if (!at->status().ok())
        return unavailable("record " + number(due) + ": " + at->status().ToString(), store.path);
    return {};
}

Status write_synced(Store& store, rocksdb::WriteBatch& batch) {
    rocksdb::WriteOptions options;
    options.sync = true;
    return store.db->Write(options, &batch);
}

}  // namespace quorate::journal
