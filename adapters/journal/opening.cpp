// Opening a journal: what is inside, what lies around it, and what becomes of it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <vector>

#include "adapters/base/rest_of.hpp"
#include "adapters/journal/store.hpp"

namespace quorate::journal {
namespace {

namespace fs = std::filesystem;
using rocksdb::Status;
using rocksdb::WALRecoveryMode;

constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kOwnerKey = "owner";
constexpr int kReadAttempts = 5;  // a live journal may drop a file between listing and opening

bool says(const Status& status, std::string_view text) {
    return status.ToString().find(text) != std::string::npos;
}

bool is_in_use(const Status& status) {
    return status.IsIOError() &&
           (says(status, "While lock file") || says(status, "lock hold by current process"));
}

// What the bytes on disk are to blame for; everything else (permission, space, I/O) is not damage.
bool is_damage(const Status& status) {
    return status.IsCorruption() || status.IsNotSupported() || status.IsInvalidArgument() ||
           status.IsPathNotFound() || says(status, "No such file");
}

// What is inside.

struct Verdict {
    Condition condition = Condition::intact;
    std::string what;
    std::string owner;
    Journal::Extent extent{EventSeq{1}, EventSeq{0}, wire::kChainStart, Bytes{0}};
    std::optional<EventSeq> cut;  // torn_tail_cut: this record goes
};

Verdict damaged(std::string what) {
    Verdict verdict;
    verdict.condition = Condition::damaged;
    verdict.what = std::move(what);
    return verdict;
}

Verdict newer(std::string what) {
    Verdict verdict = damaged(std::move(what));
    verdict.condition = Condition::newer_format;
    return verdict;
}

Verdict faulty(std::string_view what, EventSeq seq, const wire::FrameError& error) {
    std::string text = std::string(what) + " " + number(seq) + ": " + error.what;
    return error.fault == wire::FrameFault::version ? newer(std::move(text))
                                                    : damaged(std::move(text));
}

// The chain value each snapshot claims for the record it was taken at.
struct Anchors {
    std::map<EventSeq, wire::ChainValue> chains;
    std::uint64_t bytes = 0;
    std::optional<Verdict> fault;
};

Anchors read_anchors(const Store& store) {
    Anchors anchors;
    auto at = store.snapshots();
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
        const EventSeq seq = seq_of(at->key()).value_or(EventSeq{0});
        const auto frame = wire::unframe(view(at->value()));
        if (const auto* error = std::get_if<wire::FrameError>(&frame)) {
            anchors.fault = faulty("snapshot", seq, *error);
            return anchors;
        }
        const auto& snapshot = std::get<wire::Unframed>(frame);
        if (snapshot.seq != seq) anchors.fault = damaged("snapshot " + number(seq) + " is moved");
        anchors.chains[seq] = snapshot.previous;
        anchors.bytes += at->key().size() + at->value().size();
    }
    if (!at->status().ok()) anchors.fault = damaged("snapshots: " + at->status().ToString());
    return anchors;
}

// Where the chain of records must start: at number 1, or after the oldest snapshot.
std::optional<wire::ChainReader> anchor_of(EventSeq first, const Anchors& anchors) {
    if (first == EventSeq{1}) return wire::ChainReader{EventSeq{0}, wire::kChainStart};
    const auto snapshot = anchors.chains.find(EventSeq{first.value - 1});
    if (snapshot == anchors.chains.end()) return std::nullopt;
    return wire::ChainReader{snapshot->first, snapshot->second};
}

// A record that does not verify is the torn tail when nothing follows it.
Verdict fault_at(EventSeq seq, const wire::FrameError& error, rocksdb::Iterator& at,
                 Verdict so_far) {
    at.Next();
    const bool tail = !at.Valid() && at.status().ok();
    if (!tail || error.fault == wire::FrameFault::version) return faulty("record", seq, error);
    so_far.condition = Condition::torn_tail_cut;
    so_far.what = "record " + number(seq) + ": " + error.what;
    so_far.cut = seq;
    return so_far;
}

Verdict read_records(const Store& store, const Anchors& anchors, Verdict verdict) {
    auto at = store.records();
    at->SeekToFirst();
    std::optional<wire::ChainReader> reader;
    for (; at->Valid(); at->Next()) {
        const auto seq = seq_of(at->key());
        if (!seq) return damaged("a key in the records is not a number");
        if (!reader) {
            reader = anchor_of(*seq, anchors);
            if (!reader) return damaged("the records before record " + number(*seq) + " are gone");
            verdict.extent.first = *seq;
        }
        const auto frame = reader->next(view(at->value()));
        if (const auto* error = std::get_if<wire::FrameError>(&frame))
            return fault_at(*seq, *error, *at, std::move(verdict));
        const auto& record = std::get<wire::Unframed>(frame);
        if (record.seq != *seq) return damaged("record " + number(*seq) + " is moved");
        const auto anchor = anchors.chains.find(*seq);
        if (anchor != anchors.chains.end() && anchor->second != record.chain)
            return damaged("snapshot " + number(*seq) + " is of another history");
        verdict.extent.last = *seq;
        verdict.extent.chain = record.chain;
        verdict.extent.content.value += at->key().size() + at->value().size();
    }
    if (!at->status().ok())
        return damaged("after record " + number(verdict.extent.last) + ": " +
                       at->status().ToString());
    return verdict;
}

Verdict read_content(const Store& store, std::string owner) {
    Verdict verdict;
    verdict.owner = std::move(owner);
    const Anchors anchors = read_anchors(store);
    if (anchors.fault) return *anchors.fault;
    verdict.extent.content.value = anchors.bytes;
    verdict = read_records(store, anchors, std::move(verdict));
    if (verdict.condition == Condition::damaged || verdict.condition == Condition::newer_format ||
        anchors.chains.empty())
        return verdict;

    const auto& [at, chain] = *anchors.chains.rbegin();
    const bool no_records = verdict.extent.last == EventSeq{0};
    if (!no_records && at > verdict.extent.last)
        return damaged("the records up to snapshot " + number(at) + " are gone, the last is " +
                       number(verdict.extent.last));
    if (no_records) {
        verdict.extent.first = EventSeq{at.value + 1};
        verdict.extent.last = at;
        verdict.extent.chain = chain;
    }
    return verdict;
}

Verdict inspect(const Store& store) {
    const rocksdb::ReadOptions options;
    std::string format;
    const Status has_format = store.db->Get(options, slice(kFormatKey), &format);
    if (has_format.IsNotFound()) {
        auto at = store.records();
        at->SeekToFirst();
        if (at->Valid()) return damaged("records without a format version");
        Verdict verdict;
        verdict.condition = Condition::fresh;
        return verdict;
    }
    if (!has_format.ok()) return damaged("format version: " + has_format.ToString());
    if (format != std::to_string(kFormat))
        return newer("it has format " + format + ", this binary knows " + std::to_string(kFormat));
    std::string owner;
    const Status has_owner = store.db->Get(options, slice(kOwnerKey), &owner);
    if (!has_owner.ok()) return damaged("owner: " + has_owner.ToString());
    return read_content(store, std::move(owner));
}

// What lies around.

Result<std::vector<fs::path>> entries_of(const fs::path& directory) {
    std::vector<fs::path> paths;
    std::error_code error;
    for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
        paths.push_back(at->path());
    if (error) return unavailable("cannot list: " + error.message(), directory.string());
    std::sort(paths.begin(), paths.end());
    return paths;
}

// RocksDB would start an empty database over the files of one that lost its CURRENT.
bool lost_its_root(const std::vector<fs::path>& files) {
    const auto named = [&](auto holds) { return std::any_of(files.begin(), files.end(), holds); };
    return !named([](const fs::path& file) { return file.filename() == "CURRENT"; }) &&
           named([](const fs::path& file) {
               return file.extension() == ".sst" || file.extension() == ".log" ||
                      file.filename().string().starts_with("MANIFEST-");
           });
}

// A whole record in the raw log beyond what recovery could reach: then the damage is in the
// middle, and records that were acknowledged come after it. Frames verify themselves, so nothing
// needs to be known of RocksDB's log format; a frame that spans its blocks is not found.
std::optional<EventSeq> record_beyond(const std::vector<fs::path>& files, EventSeq last) {
    for (const fs::path& file : files) {
        if (file.extension() != ".log") continue;
        std::ifstream in(file, std::ios::binary);
        const std::string log = rest_of(in);
        for (auto at = log.find("QJ"); at != std::string::npos; at = log.find("QJ", at + 1)) {
            const std::string_view rest = std::string_view(log).substr(at);
            const auto size = wire::frame_size(rest);
            if (!size || *size > rest.size()) continue;
            const auto frame = wire::unframe(rest.substr(0, *size));
            const auto* record = std::get_if<wire::Unframed>(&frame);
            if (record != nullptr && record->seq > last) return record->seq;
        }
    }
    return std::nullopt;
}

Result<void> sync_directory(const fs::path& directory) {
    const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = fd >= 0 && ::fsync(fd) == 0;
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (!synced)
        return unavailable("cannot sync: " + std::generic_category().message(error),
                           directory.string());
    return {};
}

std::string utc_stamp(Instant now) {
    namespace time = std::chrono;
    const time::sys_seconds at{time::floor<time::seconds>(time::microseconds{now.us})};
    const auto midnight = time::floor<time::days>(at);
    const time::year_month_day date{midnight};
    const time::hh_mm_ss clock{at - midnight};
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    return text.data();
}

// Names sort by their stamp.
void remove_oldest_set_aside(const fs::path& path) {
    const std::string prefix = path.filename().string() + ".set-aside-";
    const auto entries = entries_of(path.parent_path());
    if (!entries) return;
    std::vector<fs::path> kept;
    for (const fs::path& entry : *entries)
        if (entry.filename().string().starts_with(prefix)) kept.push_back(entry);
    std::error_code ignored;
    for (std::size_t i = 0; i + kSetAsideMax < kept.size(); ++i)
        fs::remove_all(kept[i], ignored);
}

Result<std::string> set_aside(const fs::path& path, Condition why, Instant now) {
    const std::string base =
        path.string() + ".set-aside-" + utc_stamp(now) + "-" + std::string(name_of(why));
    std::string target = base;
    std::error_code error;
    for (int i = 2; fs::exists(target, error); ++i)
        target = base + "-" + std::to_string(i);
    fs::rename(path, target, error);
    if (error)
        return refused("cannot set the " + std::string(name_of(why)) + " journal aside as " +
                           target + ": " + error.message() + "; move it away by hand",
                       path.string());
    if (auto synced = sync_directory(path.parent_path()); !synced)
        return tl::unexpected<Failure>(synced.error());
    remove_oldest_set_aside(path);
    return target;
}

tl::unexpected<Failure> cannot_open(const Status& status, const fs::path& path) {
    if (is_in_use(status))
        return refused("the journal is in use by a running process (" + status.ToString() +
                           "); end it first, or read it with open_read_only",
                       path.string());
    return unavailable("cannot open the journal: " + status.ToString(), path.string());
}

// Opening, step by step.

struct Found {
    std::unique_ptr<Store> store;  // null: set the directory aside and start anew
    Verdict verdict;
};

// The log did not replay to its end. Looked at without writing, so that what is set aside is what
// was found.
Result<Found> recover(const fs::path& path, const Status& why) {
    const auto mode = WALRecoveryMode::kPointInTimeRecovery;
    Verdict verdict;
    {
        const Attempt attempt = open_store(path, Access::read_only, mode);
        if (!attempt.store) return Found{nullptr, damaged(why.ToString())};
        verdict = inspect(*attempt.store);
    }
    if (verdict.condition == Condition::damaged || verdict.condition == Condition::newer_format)
        return Found{nullptr, std::move(verdict)};
    const auto files = entries_of(path);
    if (!files) return tl::unexpected<Failure>(files.error());
    if (const auto beyond = record_beyond(*files, verdict.extent.last))
        return Found{nullptr, damaged("record " + number(*beyond) +
                                      " is there, but not those after record " +
                                      number(verdict.extent.last) + ": " + why.ToString())};

    Attempt attempt = open_store(path, Access::read_write, mode);
    if (!attempt.store) return cannot_open(attempt.status, path);
    if (verdict.condition == Condition::intact) {
        verdict.condition = Condition::torn_tail_cut;
        verdict.what = "after record " + number(verdict.extent.last) + ": " + why.ToString();
    }
    return Found{std::move(attempt.store), std::move(verdict)};
}

Result<Found> find(const fs::path& path) {
    const auto files = entries_of(path);
    if (!files) return tl::unexpected<Failure>(files.error());
    if (lost_its_root(*files)) return Found{nullptr, damaged("its CURRENT file is gone")};

    Attempt attempt = open_store(path, Access::read_write, WALRecoveryMode::kAbsoluteConsistency);
    if (!attempt.store && is_in_use(attempt.status)) return cannot_open(attempt.status, path);
    if (!attempt.store && is_damage(attempt.status)) return recover(path, attempt.status);
    if (!attempt.store) return cannot_open(attempt.status, path);
    Verdict verdict = inspect(*attempt.store);
    return Found{std::move(attempt.store), std::move(verdict)};
}

void judge_owner(Verdict& verdict, const std::string& owner) {
    const bool readable =
        verdict.condition == Condition::intact || verdict.condition == Condition::torn_tail_cut;
    if (!readable || verdict.owner == owner) return;
    verdict.condition = Condition::foreign;
    verdict.what = "it belongs to " + verdict.owner + ", not to " + owner;
}

bool is_usable(Condition condition) {
    switch (condition) {
        case Condition::fresh:
        case Condition::intact:
        case Condition::torn_tail_cut:
            return true;
        case Condition::damaged:
        case Condition::foreign:
        case Condition::newer_format:
            return false;
    }
    return false;
}

Result<void> write_identity(Store& store, const std::string& owner) {
    rocksdb::WriteBatch batch;
    Status status = batch.Put(slice(kFormatKey), std::to_string(kFormat));
    if (status.ok()) status = batch.Put(slice(kOwnerKey), owner);
    if (status.ok()) status = write_synced(store, batch);
    if (!status.ok())
        return unavailable("cannot start the journal: " + status.ToString(), store.path);
    return sync_directory(fs::path(store.path).parent_path());
}

Result<void> cut_tail(Store& store, EventSeq seq) {
    rocksdb::WriteBatch batch;
    Status status = batch.Delete(store.family(kRecords), key_of(seq));
    if (status.ok()) status = write_synced(store, batch);
    if (!status.ok())
        return unavailable("cannot cut record " + number(seq) + ": " + status.ToString(),
                           store.path);
    return {};
}

Result<std::unique_ptr<Journal>> take_over(std::unique_ptr<Store> store, Options options,
                                           const Verdict& verdict) {
    Result<void> ready;
    if (verdict.condition == Condition::fresh) ready = write_identity(*store, options.owner);
    if (verdict.cut) ready = cut_tail(*store, *verdict.cut);
    if (!ready) return tl::unexpected<Failure>(ready.error());
    return std::make_unique<Journal>(std::move(store), std::move(options), verdict.extent);
}

Result<std::unique_ptr<Journal>> start_anew(Options options, Journal::Extent extent = {}) {
    std::error_code error;
    fs::create_directories(options.path, error);
    Attempt attempt =
        open_store(options.path, Access::read_write, WALRecoveryMode::kAbsoluteConsistency);
    if (!attempt.store) return cannot_open(attempt.status, options.path);
    Verdict verdict;
    verdict.condition = Condition::fresh;
    if (extent.last != EventSeq{0}) verdict.extent = extent;
    return take_over(std::move(attempt.store), std::move(options), verdict);
}
class View final : public Source {
  public:
    View(std::unique_ptr<Store> store, Verdict verdict)
        : store_(std::move(store)), verdict_(std::move(verdict)) {}

    const std::string& owner() const override { return verdict_.owner; }
    EventSeq first() const override { return verdict_.extent.first; }
    EventSeq last() const override { return verdict_.extent.last; }
    Result<std::optional<Snapshot>> snapshot(EventSeq not_after) const override {
        return snapshot_of(*store_, not_after);
    }
    Result<void> for_each(EventSeq from, const Visit& visit) const override {
        return visit_records(*store_, from, visit);
    }

  private:
    std::unique_ptr<Store> store_;
    Verdict verdict_;
};

}  // namespace

std::string_view name_of(Condition condition) {
    switch (condition) {
        case Condition::fresh:
            return "fresh";
        case Condition::intact:
            return "intact";
        case Condition::torn_tail_cut:
            return "torn_tail_cut";
        case Condition::damaged:
            return "damaged";
        case Condition::foreign:
            return "foreign";
        case Condition::newer_format:
            return "newer_format";
    }
    return "";
}

Result<Opened> open(Options options, Instant now) {
    std::error_code error;
    options.path = fs::absolute(options.path, error);
    if (!error) fs::create_directories(options.path, error);
    if (error)
        return unavailable("cannot create the directory: " + error.message(),
                           options.path.string());

    auto found = find(options.path);
    if (!found) return tl::unexpected<Failure>(found.error());
    Verdict& verdict = found->verdict;
    judge_owner(verdict, options.owner);

    Opened opened;
    opened.condition = verdict.condition;
    opened.what = verdict.what;
    Result<std::unique_ptr<Journal>> journal;
    if (is_usable(verdict.condition)) {
        journal = take_over(std::move(found->store), std::move(options), verdict);
    } else {
        found->store.reset();
        const auto target = set_aside(options.path, verdict.condition, now);
        if (!target) return tl::unexpected<Failure>(target.error());
        opened.set_aside = *target;
        journal = start_anew(std::move(options));
    }
    if (!journal) return tl::unexpected<Failure>(journal.error());
    opened.journal = std::move(*journal);
    return opened;
}

Result<std::unique_ptr<Source>> open_read_only(const fs::path& path) {
    Attempt attempt;
    for (int i = 0; i < kReadAttempts && !attempt.store; ++i)
        attempt = open_store(path, Access::read_only, WALRecoveryMode::kPointInTimeRecovery);
    if (!attempt.store) return cannot_open(attempt.status, path);
    Verdict verdict = inspect(*attempt.store);
    if (verdict.condition == Condition::newer_format)
        return refused(verdict.what + "; use the binary that wrote it", path.string());
    if (verdict.condition == Condition::damaged) return refused(verdict.what, path.string());
    return std::make_unique<View>(std::move(attempt.store), std::move(verdict));
}

Result<std::unique_ptr<Journal>> open_after(EventSeq at, wire::ChainValue chain,
                                            const std::string& state, Options options,
                                            Instant now) {
    std::error_code error;
    options.path = fs::absolute(options.path, error);
    if (!error && fs::exists(options.path, error))
        if (auto kept = set_aside(options.path, Condition::foreign, now); !kept)
            return tl::unexpected<Failure>(kept.error());
    if (error) return unavailable("cannot look: " + error.message(), options.path.string());
    auto journal = start_anew(std::move(options), {EventSeq{at.value + 1}, at, chain, Bytes{}});
    if (!journal) return journal;
    if (auto put = (*journal)->put_snapshot(at, state); !put)
        return tl::unexpected<Failure>(put.error());
    return journal;
}
}  // namespace quorate::journal
