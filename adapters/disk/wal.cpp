#include "adapters/disk/wal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "adapters/disk/bytes.hpp"
#include "adapters/disk/checksum.hpp"
#include "adapters/disk/file.hpp"
#include "adapters/disk/proto_reader.hpp"

namespace quorate::disk {
namespace fs = std::filesystem;
namespace {

namespace record_type {
constexpr std::uint64_t metadata = 1;
constexpr std::uint64_t entry = 2;
constexpr std::uint64_t hard_state = 3;
constexpr std::uint64_t crc = 4;
constexpr std::uint64_t snapshot = 5;
}  // namespace record_type

constexpr std::size_t v2_requests_max = 256;
constexpr std::uint64_t conf_change_entry = 1;  // raftpb.EntryConfChange

constexpr std::size_t frame_size = 8;
constexpr std::size_t sector_size = 512;

// etcd 3.4 stops at a longer record, 3.5.7 takes it for a torn tail wherever it stands and cuts off
// all that follows. No entry is so large (--max-request-bytes is 1.5 MB), so it is damage.
constexpr std::uint64_t record_size_max = std::uint64_t{10} << 20;

struct SegmentName {
    std::uint64_t sequence = 0;
    std::uint64_t first_index = 0;
};

std::optional<std::uint64_t> parse_hex16(std::string_view digits) {
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

std::optional<SegmentName> parse_segment_name(std::string_view name) {
    if (name.size() != 37 || name[16] != '-' || name.substr(33) != ".wal") return std::nullopt;
    const auto sequence = parse_hex16(name.substr(0, 16));
    const auto first_index = parse_hex16(name.substr(17, 16));
    if (!sequence || !first_index) return std::nullopt;
    return SegmentName{.sequence = *sequence, .first_index = *first_index};
}

struct Record {
    std::uint64_t type = 0;
    std::uint32_t crc = 0;
    std::string_view data;
};

std::optional<Record> parse_record(std::string_view bytes) {
    Record record;
    ProtoReader reader(bytes);
    for (ProtoField field; reader.next(field);) {
        if (field.number == 1) record.type = field.value;
        if (field.number == 2) record.crc = static_cast<std::uint32_t>(field.value);
        if (field.number == 3) record.data = field.bytes;
    }
    if (reader.malformed()) return std::nullopt;
    return record;
}

// A write that did not reach the medium whole leaves a sector of zeros within the frame
// (decoder.isTornEntry). `offset` is that of the frame's body in its file.
bool holds_empty_sector(std::string_view body, std::uint64_t offset) {
    while (!body.empty()) {
        const std::string_view sector = body.substr(0, sector_size - offset % sector_size);
        if (sector.find_first_not_of('\0') == std::string_view::npos) return true;
        body.remove_prefix(sector.size());
        offset += sector.size();
    }
    return false;
}

// One segment as a stream of frames.
class Segment {
  public:
    enum class Next { frame, end, torn };

    static Result<Segment> open(const fs::path& path) {
        auto file = File::open(path);
        if (!file) return tl::unexpected(file.error());
        return Segment(std::move(*file));
    }

    // `torn`: the file ends within a frame.
    Result<Next> next() {
        offset_ = after_;
        auto head = take(frame_size);
        if (!head) return tl::unexpected(head.error());
        if (head->empty()) return Next::end;
        if (head->size() < frame_size) return Next::torn;
        const std::uint64_t length = load_le64(*head);
        if (length == 0) return Next::end;  // preallocated space
        const std::uint64_t size = length & 0x00FF'FFFF'FFFF'FFFF;
        const std::uint64_t padding = length >> 63 != 0 ? length >> 56 & 7 : 0;
        if (size > record_size_max) return refused("a record of impossible length", place());
        auto body = take(size + padding);
        if (!body) return tl::unexpected(body.error());
        if (body->size() < size + padding) return Next::torn;
        body_ = *body;
        record_ = body_.substr(0, size);
        return Next::frame;
    }

    // Both valid until the next call of next().
    std::string_view record() const { return record_; }
    bool holds_empty_sector() const {
        return disk::holds_empty_sector(body_, offset_ + frame_size);
    }

    std::string place() const { return file_.path().string() + " at " + std::to_string(offset_); }

  private:
    static constexpr std::size_t chunk = std::size_t{256} << 10;

    explicit Segment(File file) : file_(std::move(file)) {}

    // The next `size` bytes, fewer at the end of the file.
    Result<std::string_view> take(std::size_t size) {
        if (buffered() < size) {
            if (auto filled = fill(size); !filled) return tl::unexpected(filled.error());
        }
        const std::string_view taken(buffer_.data() + (after_ - start_),
                                     std::min<std::size_t>(size, buffered()));
        after_ += taken.size();
        return taken;
    }

    Result<void> fill(std::size_t size) {
        start_ = after_;
        buffer_.resize(std::max(size, chunk));
        auto got = file_.read_at(start_, buffer_);
        if (!got) return tl::unexpected(got.error());
        buffer_.resize(*got);
        return {};
    }

    std::size_t buffered() const { return start_ + buffer_.size() - after_; }

    File file_;
    std::string buffer_;
    std::uint64_t start_ = 0;   // offset of the buffer in the file
    std::uint64_t offset_ = 0;  // of the frame
    std::uint64_t after_ = 0;   // of the first byte not taken yet
    std::string_view body_;
    std::string_view record_;
};

// Method is field 2 of etcdserverpb.Request; in an InternalRaftRequest it is a request of API v2
// too.
bool is_v2_request(std::string_view payload) {
    ProtoReader reader(payload);
    for (ProtoField field; reader.next(field);)
        if (field.number == 2) return true;
    return false;
}

// Folds the records of all segments into the facts. Each `add_*` gives the empty string, or what is
// wrong with the record.
class Folder {
  public:
    enum class Checksum { good, bad };

    Checksum check(const Record& record) {
        if (record.type == record_type::crc) {
            // The value to go on from; it must be ours, except at the very beginning (wal.go
            // ReadAll).
            const bool good = crc_ == 0 || crc_ == record.crc;
            if (good) crc_ = record.crc;
            return good ? Checksum::good : Checksum::bad;
        }
        const std::uint32_t chained = crc32c(crc_, record.data);
        if (chained != record.crc) return Checksum::bad;
        crc_ = chained;
        return Checksum::good;
    }

    std::string add(const Record& record) {
        switch (record.type) {
            case record_type::metadata:
                return add_metadata(record.data);
            case record_type::entry:
                return add_entry(record.data);
            case record_type::hard_state:
                return add_hard_state(record.data);
            case record_type::crc:
                return {};
            case record_type::snapshot:
                return add_snapshot(record.data);
            default:
                return "a record of unknown type " + std::to_string(record.type);
        }
    }

    bool has_metadata() const { return metadata_.has_value(); }
    WalFacts facts() && { return std::move(facts_); }
    void tear(std::string place) { facts_.torn = std::move(place); }

  private:
    std::string add_metadata(std::string_view data) {
        if (metadata_) return *metadata_ == data ? "" : "metadata of another member or cluster";
        metadata_ = data;
        ProtoReader reader(data);
        for (ProtoField field; reader.next(field);) {
            if (field.number == 1) facts_.member_id.value = field.value;
            if (field.number == 2) facts_.cluster_id.value = field.value;
        }
        return reader.malformed() ? "malformed metadata" : "";
    }

    std::string add_entry(std::string_view data) {
        LogPosition position;
        std::uint64_t type = 0;
        std::string_view payload;
        ProtoReader reader(data);
        for (ProtoField field; reader.next(field);) {
            if (field.number == 1) type = field.value;
            if (field.number == 2) position.term.value = field.value;
            if (field.number == 3) position.index.value = field.value;
            if (field.number == 4) payload = field.bytes;
        }
        if (reader.malformed() || position.index.value == 0) return "malformed entry";
        if (std::string wrong = place_entry(position); !wrong.empty()) return wrong;
        if (type == 0 && !payload.empty()) ++facts_.writes;
        note_conf_change(position.index, type, payload);
        note_v2_request(position.index, type == 0 && is_v2_request(payload));
        return {};
    }

    // The newest ones are kept, should there ever be many.
    void note_v2_request(LogIndex index, bool is_one) {
        std::vector<LogIndex>& requests = facts_.v2_requests;
        while (!requests.empty() && requests.back() >= index)
            requests.pop_back();
        if (!is_one) return;
        if (requests.size() == v2_requests_max) requests.erase(requests.begin());
        requests.push_back(index);
    }

    // What was overwritten never happened.
    void note_conf_change(LogIndex index, std::uint64_t type, std::string_view payload) {
        std::vector<ConfChange>& changes = facts_.conf_changes;
        while (!changes.empty() && changes.back().index >= index)
            changes.pop_back();
        if (type != conf_change_entry) return;
        auto change = parse_conf_change(payload, index);
        if (change && changes.size() < conf_changes_max)
            changes.push_back(std::move(*change));
        else
            facts_.conf_changes_unread = true;
    }

    // An entry follows the last one, replaces it and all after (a new leader overwrote the tail),
    // or follows a snapshot that the member was sent.
    std::string place_entry(LogPosition position) {
        const std::uint64_t index = position.index.value;
        const LogIndex reset =
            facts_.snapshots.empty() ? LogIndex{} : facts_.snapshots.back().index;
        if (facts_.first_index.value == 0) {
            facts_.first_index = position.index;
        } else if (index > facts_.last.index.value + 1) {
            if (index != reset.value + 1) return gap(index);
            facts_.first_index = position.index;
        }
        facts_.first_index = std::min(facts_.first_index, position.index);
        facts_.last = position;
        return {};
    }

    std::string gap(std::uint64_t index) const {
        return "entry " + std::to_string(index) + " follows entry " +
               std::to_string(facts_.last.index.value);
    }

    std::string add_hard_state(std::string_view data) {
        facts_.term = {};
        facts_.commit = {};
        ProtoReader reader(data);
        for (ProtoField field; reader.next(field);) {
            if (field.number == 1) facts_.term.value = field.value;
            if (field.number == 3) facts_.commit.value = field.value;
        }
        return reader.malformed() ? "malformed HardState" : "";
    }

    std::string add_snapshot(std::string_view data) {
        LogPosition position;
        ProtoReader reader(data);
        for (ProtoField field; reader.next(field);) {
            if (field.number == 1) position.index.value = field.value;
            if (field.number == 2) position.term.value = field.value;
        }
        if (reader.malformed()) return "malformed snapshot record";
        if (position.index.value == 0) return {};
        facts_.snapshots.push_back(position);
        // Halved, not shifted by one: the oldest go, and each record costs constant time.
        if (facts_.snapshots.size() > 2 * wal_snapshots_max) {
            facts_.snapshots.erase(facts_.snapshots.begin(),
                                   facts_.snapshots.end() - wal_snapshots_max);
        }
        return {};
    }

    std::uint32_t crc_ = 0;
    std::optional<std::string> metadata_;
    WalFacts facts_;
};

enum class Place { last_segment, before_the_last };

// Adds the record of the current frame. True when the segment ends here, torn.
Result<bool> add_frame(const Segment& segment, Place place, Folder& folder) {
    const auto record = parse_record(segment.record());
    if (!record || folder.check(*record) == Folder::Checksum::bad) {
        const bool repairable = place == Place::last_segment && segment.holds_empty_sector();
        if (repairable && (!record || record->type != record_type::crc)) {
            folder.tear(segment.place());
            return true;
        }
        return refused(record ? "checksum mismatch in the WAL" : "malformed record in the WAL",
                       segment.place());
    }
    if (std::string wrong = folder.add(*record); !wrong.empty()) {
        return refused("the WAL is damaged: " + wrong, segment.place());
    }
    return false;
}

Result<void> add_segment(Segment& segment, Place place, Folder& folder) {
    while (true) {
        auto next = segment.next();
        if (!next) return tl::unexpected(next.error());
        if (*next == Segment::Next::end) return {};
        if (*next == Segment::Next::torn) {
            if (place == Place::before_the_last) {
                return refused("the WAL is damaged: a record is cut short", segment.place());
            }
            folder.tear(segment.place());
            return {};
        }
        auto ended = add_frame(segment, place, folder);
        if (!ended) return tl::unexpected(ended.error());
        if (*ended) return {};
    }
}

Result<void> check_sequence(const std::vector<std::string>& names, const fs::path& directory) {
    for (std::size_t i = 1; i < names.size(); ++i) {
        const auto before = parse_segment_name(names[i - 1]);
        const auto here = parse_segment_name(names[i]);
        if (here->sequence != before->sequence + 1) {
            return refused("the WAL is damaged: a segment is missing before " + names[i],
                           directory.string());
        }
    }
    return {};
}

}  // namespace

Result<std::vector<std::string>> wal_segments(const fs::path& directory) {
    auto names = names_in(directory);
    if (!names) return names;
    // Others there are 0.tmp, 1.tmp (preallocated) and *.wal.broken (kept by a repair).
    std::erase_if(*names, [](const std::string& name) { return !parse_segment_name(name); });
    return names;
}

Result<WalFacts> read_wal(const fs::path& directory) {
    auto names = wal_segments(directory);
    if (!names) return tl::unexpected(names.error());
    if (names->empty()) return refused("there is no WAL", directory.string());
    if (auto whole = check_sequence(*names, directory); !whole) {
        return tl::unexpected(whole.error());
    }
    Folder folder;
    for (const std::string& name : *names) {
        auto segment = Segment::open(directory / name);
        if (!segment) return tl::unexpected(segment.error());
        const Place place = name == names->back() ? Place::last_segment : Place::before_the_last;
        if (auto added = add_segment(*segment, place, folder); !added) {
            return tl::unexpected(added.error());
        }
    }
    if (!folder.has_metadata()) {
        return refused("the WAL is damaged: it names no member",
                       (directory / names->front()).string());
    }
    return std::move(folder).facts();
}

}  // namespace quorate::disk
