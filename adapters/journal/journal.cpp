#include "adapters/journal/journal.hpp"

#include <fcntl.h>
#include <rocksdb/statistics.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/journal/store.hpp"

namespace quorate::journal {

namespace fs = std::filesystem;
using rocksdb::Slice;
using rocksdb::Status;

Journal::Journal(std::unique_ptr<Store> store, Options options, Extent extent)
    : store_(std::move(store)),
      options_(std::move(options)),
      extent_(extent),
      directory_(::open(options_.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

bool Journal::is_gone() const {
    struct stat ours {};
    struct stat there {};
    if (::fstat(directory_, &ours) != 0) return false;  // never seen, so not known to be gone
    return ::stat(options_.path.c_str(), &there) != 0 || there.st_ino != ours.st_ino ||
           there.st_dev != ours.st_dev;
}

Journal::~Journal() {
    if (directory_ >= 0) ::close(directory_);
}

Result<std::optional<Snapshot>> Journal::snapshot(EventSeq not_after) const {
    return snapshot_of(*store_, not_after);
}

Result<void> Journal::for_each(EventSeq from, const Visit& visit) const {
    return visit_records(*store_, from, visit);
}

Bytes Journal::size() const {
    std::uint64_t total = 0;
    std::error_code error;
    for (fs::directory_iterator at(options_.path, error), end; !error && at != end;
         at.increment(error)) {
        std::error_code gone;  // compaction may delete a file while we look
        const auto size = at->file_size(gone);
        if (!gone) total += size;
    }
    return Bytes{total};
}

std::uint64_t Journal::syncs() const {
    return store_->statistics->getTickerCount(rocksdb::WAL_FILE_SYNCED);
}

Result<void> Journal::usable() const {
    if (broken_)
        return refused("an earlier write failed; reopen the journal to see what is there",
                       store_->path);
    return {};
}

Result<void> Journal::append(std::span<const Record> records) {
    if (auto ok = usable(); !ok) return ok;
    Extent next = extent_;
    rocksdb::WriteBatch batch;
    Status status;
    for (const Record& record : records) {
        if (record.seq.value != next.last.value + 1)
            return refused(
                "record " + number(record.seq) + " does not follow record " + number(next.last),
                store_->path);
        if (record.bytes.size() > wire::kFramePayloadMax)
            return refused("record " + number(record.seq) + " is too long", store_->path);
        const std::string value = wire::frame(record.seq, next.chain, record.bytes);
        if (status.ok()) status = batch.Put(store_->family(kRecords), key_of(record.seq), value);
        next.chain = wire::chain_value(next.chain, record.seq, record.bytes);
        next.last = record.seq;
        next.content.value += 8 + value.size();
    }
    if (records.empty()) return {};
    if (status.ok()) status = write_synced(*store_, batch);
    if (!status.ok()) {
        broken_ = true;
        return unknown("cannot append: " + status.ToString() + "; reopen the journal",
                       store_->path);
    }
    extent_ = next;
    return {};
}

// Of record `at`, told by its successor.
Result<wire::ChainValue> Journal::chain_at(EventSeq at) const {
    if (at == extent_.last) return extent_.chain;
    std::string value;
    const Status status = store_->db->Get(rocksdb::ReadOptions{}, store_->family(kRecords),
                                          key_of(EventSeq{at.value + 1}), &value);
    const auto frame = wire::unframe(value);
    const auto* record = std::get_if<wire::Unframed>(&frame);
    if (!status.ok() || record == nullptr)
        return refused("record " + number(at) + " is not in the journal", store_->path);
    return record->previous;
}

Result<void> Journal::put_snapshot(EventSeq at, const std::string& bytes) {
    if (auto ok = usable(); !ok) return ok;
    if (at > extent_.last || at.value + 1 < extent_.first.value)
        return refused("record " + number(at) + " is not in the journal", store_->path);
    if (bytes.size() > wire::kFramePayloadMax)
        return refused("snapshot " + number(at) + " is too long", store_->path);
    const auto chain = chain_at(at);
    if (!chain) return tl::unexpected<Failure>(chain.error());

    const std::string value = wire::frame(at, *chain, bytes);
    rocksdb::WriteBatch batch;
    Status status = batch.Put(store_->family(kSnapshots), key_of(at), value);
    if (status.ok()) status = write_synced(*store_, batch);
    if (!status.ok()) {
        broken_ = true;
        return unknown("cannot write snapshot " + number(at) + ": " + status.ToString(),
                       store_->path);
    }
    extent_.content.value += 8 + value.size();
    return {};
}

// The oldest snapshot that, with everything after it, fits into half of max_bytes; at least the
// latest one. Records up to and including its own are not needed any more.
Journal::Keep Journal::oldest_to_keep() const {
    auto snapshot = store_->snapshots();
    auto record = store_->records();
    snapshot->SeekToLast();
    record->SeekToLast();
    Keep keep;
    std::uint64_t total = 0;
    for (; snapshot->Valid(); snapshot->Prev()) {
        const EventSeq at = seq_of(snapshot->key()).value_or(EventSeq{0});
        total += snapshot->key().size() + snapshot->value().size();
        for (; record->Valid() && seq_of(record->key()).value_or(EventSeq{0}) > at; record->Prev())
            total += record->key().size() + record->value().size();
        if (keep.at != EventSeq{0} && total > options_.max_bytes.value / 2) break;
        keep = Keep{at, Bytes{total}};
    }
    return keep;
}

Result<void> Journal::prune() {
    if (auto ok = usable(); !ok) return ok;
    if (extent_.content.value <= options_.max_bytes.value / 2) return {};
    const Keep keep = oldest_to_keep();
    if (keep.at < extent_.first) return {};

    auto* records = store_->family(kRecords);
    auto* snapshots = store_->family(kSnapshots);
    const std::string begin = key_of(EventSeq{0});
    const std::string records_end = key_of(EventSeq{keep.at.value + 1});
    const std::string snapshots_end = key_of(keep.at);

    // Flushed before and after, so that the deletion is alone in its table file: together with new
    // records that file would span all keys, and compacting it would rewrite the whole journal.
    rocksdb::WriteBatch batch;
    Status status = store_->db->Flush({}, {records, snapshots});
    if (status.ok()) status = batch.DeleteRange(records, begin, records_end);
    if (status.ok()) status = batch.DeleteRange(snapshots, begin, snapshots_end);
    if (status.ok()) status = write_synced(*store_, batch);
    if (!status.ok()) {
        broken_ = true;
        return unknown("cannot prune: " + status.ToString(), store_->path);
    }
    extent_.first = EventSeq{keep.at.value + 1};
    extent_.content = keep.content;

    // From here on only space is at stake.
    const rocksdb::CompactRangeOptions options;
    const Slice from(begin);
    const Slice records_to(records_end);
    const Slice snapshots_to(snapshots_end);
    status = store_->db->Flush({}, {records, snapshots});
    if (status.ok()) status = store_->db->CompactRange(options, records, &from, &records_to);
    if (status.ok()) status = store_->db->CompactRange(options, snapshots, &from, &snapshots_to);
    if (!status.ok())
        return unavailable("pruned, but cannot free the space: " + status.ToString(), store_->path);
    return {};
}

}  // namespace quorate::journal
