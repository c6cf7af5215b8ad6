#include "adapters/journal/export.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <functional>
#include <ostream>
#include <system_error>
#include <vector>

#include "adapters/base/rest_of.hpp"

namespace quorate::journal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTitle = "quorate-journal-export";
constexpr std::uint32_t kExportFormat = 1;
constexpr std::size_t kFlushAt = std::size_t{1} << 20;
constexpr std::uintmax_t kExportMax = std::uintmax_t{1} << 30;  // a journal is 64 MiB

std::string number(EventSeq seq) { return std::to_string(seq.value); }

tl::unexpected<Failure> cannot(std::string_view what, const fs::path& file) {
    const int error = errno;
    return unavailable(
        "cannot " + std::string(what) + ": " + std::generic_category().message(error),
        file.string());
}

// A temporary file beside the target, which takes its name once it is whole and on disk.
class Writer final {
  public:
    explicit Writer(fs::path file)
        : file_(std::move(file)),
          temporary_(file_.string() + ".part-" + std::to_string(::getpid())) {}
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer() {
        if (fd_ >= 0) ::close(fd_);
        if (!done_) ::unlink(temporary_.c_str());
    }

    Result<void> open() {
        fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd_ < 0) return cannot("create", temporary_);
        return {};
    }

    Result<void> add(std::string_view bytes) {
        buffer_ += bytes;
        return buffer_.size() < kFlushAt ? Result<void>{} : flush();
    }

    Result<void> finish() {
        if (auto flushed = flush(); !flushed) return flushed;
        if (::fsync(fd_) != 0) return cannot("sync", temporary_);
        if (::rename(temporary_.c_str(), file_.c_str()) != 0) return cannot("rename to", file_);
        done_ = true;
        const fs::path parent = fs::absolute(file_).parent_path();
        const int directory = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) return cannot("open", parent);
        const bool synced = ::fsync(directory) == 0;
        ::close(directory);
        if (!synced) return cannot("sync", parent);
        return {};
    }

  private:
    Result<void> flush() {
        for (std::string_view rest = buffer_; !rest.empty();) {
            const ssize_t written = ::write(fd_, rest.data(), rest.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return cannot("write", temporary_);
            rest.remove_prefix(static_cast<std::size_t>(written));
        }
        buffer_.clear();
        return {};
    }

    fs::path file_;
    fs::path temporary_;
    std::string buffer_;
    int fd_ = -1;
    bool done_ = false;
};

// The header is one line; the owner, who comes last, may hold anything else.
std::string one_line(std::string text) {
    for (char& c : text)
        if (c == '\n' || c == '\r') c = ' ';
    return text;
}

struct Header {
    std::uint64_t format = kExportFormat;
    std::uint64_t snapshot = 0;  // 1: the first frame is one
    std::uint64_t first = 0;     // records, both inclusive; first = last + 1 when there is none
    std::uint64_t last = 0;
    std::string owner;
};

std::string text_of(const Header& header) {
    return std::string(kTitle) + " format=" + std::to_string(header.format) +
           " snapshot=" + std::to_string(header.snapshot) +
           " first=" + std::to_string(header.first) + " last=" + std::to_string(header.last) +
           " owner=" + one_line(header.owner) + "\n";
}

// Takes " name=123" from the front.
bool take(std::string_view& line, std::string_view name, std::uint64_t& value) {
    const std::string prefix = " " + std::string(name) + "=";
    if (!line.starts_with(prefix)) return false;
    line.remove_prefix(prefix.size());
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    return error == std::errc{};
}

// Nothing: not an export. A header of a newer format has only its format.
std::optional<Header> parse_header(std::string_view line) {
    Header header;
    if (!line.starts_with(kTitle)) return std::nullopt;
    line.remove_prefix(kTitle.size());
    if (!take(line, "format", header.format)) return std::nullopt;
    if (header.format != kExportFormat) return header;
    if (!take(line, "snapshot", header.snapshot) || !take(line, "first", header.first) ||
        !take(line, "last", header.last) || !line.starts_with(" owner="))
        return std::nullopt;
    header.owner = line.substr(std::string_view(" owner=").size());
    return header;
}

// The snapshot after which the records needed for `from` begin; none when they begin at number 1.
Result<std::optional<Snapshot>> base_of(const Source& source, EventSeq from) {
    const EventSeq start = std::max(from, source.first());
    if (start.value <= 1) return std::optional<Snapshot>{};
    return source.snapshot(EventSeq{start.value - 1});
}

using Add = std::function<Result<void>(std::string_view)>;

Result<void> add_records(const Source& source, const Header& header, wire::ChainValue chain,
                         const Add& add) {
    Result<void> written;
    EventSeq due{header.first};
    const auto visited = source.for_each(due, [&](EventSeq seq, std::string_view payload) {
        if (seq.value > header.last) return false;
        written = add(wire::frame(seq, chain, payload));
        chain = wire::chain_value(chain, seq, payload);
        due = EventSeq{seq.value + 1};
        return written.has_value();
    });
    if (!visited || !written) return visited ? written : visited;
    if (due.value != header.last + 1)
        return refused("record " + number(due) + " is not in the journal any more; try again",
                       source.owner());
    return {};
}

// Header, snapshot, records, in this order.
Result<void> export_as(const Source& source, EventSeq from, const Add& add) {
    const auto base = base_of(source, from);
    if (!base) return tl::unexpected<Failure>(base.error());
    const std::optional<Snapshot>& snapshot = *base;
    Header header;
    header.snapshot = snapshot ? 1 : 0;
    header.first = snapshot ? snapshot->at.value + 1 : 1;
    header.last = source.last().value;
    header.owner = source.owner();
    Result<void> written = add(text_of(header));
    if (written && snapshot)
        written = add(wire::frame(snapshot->at, snapshot->chain, snapshot->bytes));
    const wire::ChainValue chain = snapshot ? snapshot->chain : wire::kChainStart;
    return written ? add_records(source, header, chain, add) : written;
}

struct Slot {
    std::size_t at;
    std::size_t size;
};

class Exported final : public Source {
  public:
    Exported(std::string where, Header header)
        : where_(std::move(where)), header_(std::move(header)) {}

    const std::string& owner() const override { return header_.owner; }
    EventSeq first() const override { return EventSeq{header_.first}; }
    EventSeq last() const override { return EventSeq{header_.last}; }

    Result<std::optional<Snapshot>> snapshot(EventSeq not_after) const override {
        const bool there = snapshot_ && snapshot_->at <= not_after;
        return there ? snapshot_ : std::optional<Snapshot>{};
    }

    Result<void> for_each(EventSeq from, const Visit& visit) const override {
        const std::uint64_t start = std::max(from.value, header_.first);
        for (std::uint64_t seq = start; seq <= header_.last; ++seq) {
            const Slot& slot = slots_[static_cast<std::size_t>(seq - header_.first)];
            if (!visit(EventSeq{seq}, std::string_view(bytes_).substr(slot.at, slot.size)))
                return {};
        }
        return {};
    }

    // Verifies every frame and remembers where the payloads are.
    Result<void> load(std::string bytes) {
        bytes_ = std::move(bytes);
        wire::ChainReader reader{EventSeq{0}, wire::kChainStart};
        if (header_.snapshot != 0) {
            if (auto loaded = load_snapshot(); !loaded) return loaded;
            reader = wire::ChainReader{snapshot_->at, snapshot_->chain};
        }
        for (std::uint64_t seq = header_.first; seq <= header_.last; ++seq)
            if (auto loaded = load_record(reader, EventSeq{seq}); !loaded) return loaded;
        if (at_ != bytes_.size())
            return refused("there are bytes after record " + number(last()), where_);
        return {};
    }

  private:
    // The next frame, or what is left when its size cannot be told.
    std::string_view next_frame() {
        const std::string_view rest = std::string_view(bytes_).substr(at_);
        return rest.substr(0, wire::frame_size(rest).value_or(rest.size()));
    }

    tl::unexpected<Failure> faulty(std::string_view what, const wire::FrameError& error) const {
        return refused(std::string(what) + " at byte " + std::to_string(at_) +
                           " after the header: " + error.what,
                       where_);
    }

    Result<void> load_snapshot() {
        const std::string_view bytes = next_frame();
        const auto frame = wire::unframe(bytes);
        if (const auto* error = std::get_if<wire::FrameError>(&frame))
            return faulty("snapshot", *error);
        const auto& found = std::get<wire::Unframed>(frame);
        snapshot_ = Snapshot{found.seq, found.previous, std::string(found.payload)};
        at_ += bytes.size();
        return {};
    }

    Result<void> load_record(wire::ChainReader& reader, EventSeq seq) {
        const std::string_view bytes = next_frame();
        const auto frame = reader.next(bytes);
        if (const auto* error = std::get_if<wire::FrameError>(&frame))
            return faulty("record " + number(seq), *error);
        at_ += bytes.size();
        const std::size_t size = std::get<wire::Unframed>(frame).payload.size();
        slots_.push_back(Slot{at_ - size, size});
        return {};
    }

    std::string where_;
    Header header_;
    std::string bytes_;
    std::size_t at_ = 0;
    std::vector<Slot> slots_;
    std::optional<Snapshot> snapshot_;
};

}  // namespace

Result<void> export_to_file(const Source& source, const fs::path& file, EventSeq from) {
    Writer writer(file);
    Result<void> written = writer.open();
    if (written)
        written =
            export_as(source, from, [&](std::string_view bytes) { return writer.add(bytes); });
    return written ? writer.finish() : written;
}

Result<void> export_to_stream(const Source& source, std::ostream& stream, EventSeq from) {
    auto written = export_as(source, from, [&](std::string_view bytes) -> Result<void> {
        stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        if (!stream) return unavailable("cannot write: whoever reads it is gone", "the stream");
        return {};
    });
    if (!written) return written;
    if (!stream.flush()) return unavailable("cannot write: whoever reads it is gone", "the stream");
    return {};
}

Result<std::unique_ptr<Source>> open_exported(const fs::path& file) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (error) return unavailable("cannot read: " + error.message(), file.string());
    if (size > kExportMax) return refused("too large for an exported journal", file.string());
    std::ifstream in(file, std::ios::binary);
    std::string line;
    std::getline(in, line);
    const auto header = parse_header(line);
    if (!header) return refused("not an exported journal", file.string());
    if (header->format != kExportFormat)
        return refused("exported in format " + std::to_string(header->format) +
                           ", this binary knows " + std::to_string(kExportFormat),
                       file.string());
    auto exported = std::make_unique<Exported>(file.string(), *header);
    auto loaded = exported->load(rest_of(in));
    if (!loaded) return tl::unexpected<Failure>(loaded.error());
    return exported;
}

}  // namespace quorate::journal
