#include "adapters/etcd/snapshot_file.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace quorate::etcd {
namespace {

constexpr std::size_t trailer_size = 32;  // SHA-256 of everything before it
constexpr std::uint64_t page_size = 512;  // bbolt files are whole multiples of it

std::string text_of(int error) { return std::generic_category().message(error); }

std::filesystem::path part_of(std::filesystem::path to) {
    to += ".part";
    return to;
}

// A rename is durable once the directory that holds the name is.
int sync_directory(const std::filesystem::path& path) {
    const auto directory = path.has_parent_path() ? path.parent_path() : ".";
    const int handle = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) return errno;
    const int error = ::fsync(handle) == 0 ? 0 : errno;
    ::close(handle);
    return error;
}

}  // namespace

struct SnapshotFile::Hash {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    bool good = context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1;

    Hash() = default;
    Hash(const Hash&) = delete;
    Hash& operator=(const Hash&) = delete;
    ~Hash() { EVP_MD_CTX_free(context); }

    void add(std::string_view bytes) {
        good = good && EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1;
    }
    std::string value() {
        std::array<unsigned char, trailer_size> digest{};
        good = good && EVP_DigestFinal_ex(context, digest.data(), nullptr) == 1;
        return good ? std::string(digest.begin(), digest.end()) : std::string();
    }
};

SnapshotFile::SnapshotFile(std::filesystem::path to, int file)
    : to_(std::move(to)), part_(part_of(to_)), file_(file), hash_(std::make_unique<Hash>()) {}

SnapshotFile::~SnapshotFile() {
    if (file_ >= 0) ::close(file_);
    if (!part_.empty()) ::unlink(part_.c_str());
}

Result<std::unique_ptr<SnapshotFile>> SnapshotFile::create(const std::filesystem::path& to) {
    const auto part = part_of(to);
    // A snapshot holds every secret of the cluster: its owner alone reads it.
    const int file = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return refused("cannot create the snapshot file: " + text_of(errno), part);
    return std::unique_ptr<SnapshotFile>(new SnapshotFile(to, file));
}

Result<void> SnapshotFile::failed(const char* what, int error) const {
    return refused(std::string(what) + ": " + text_of(error), part_);
}

Result<void> SnapshotFile::append(std::string_view blob) {
    size_ += blob.size();
    tail_.append(blob);
    if (tail_.size() > trailer_size) {
        const std::size_t ripe = tail_.size() - trailer_size;
        hash_->add(std::string_view(tail_).substr(0, ripe));
        tail_.erase(0, ripe);
    }
    while (!blob.empty()) {
        const auto written = ::write(file_, blob.data(), blob.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failed("cannot write the snapshot", errno);
        blob.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> SnapshotFile::check_trailer() {
    if (size_ % page_size != trailer_size)
        return unknown("the snapshot stream ended early, after " + std::to_string(size_) +
                           " bytes; take it again",
                       part_);
    if (hash_->value() != tail_)
        return unknown("the snapshot's SHA-256 does not agree; take it again", part_);
    return {};
}

Result<Bytes> SnapshotFile::finish() {
    if (auto checked = check_trailer(); !checked) return tl::unexpected(checked.error());
    if (::fsync(file_) != 0)
        return tl::unexpected(failed("cannot sync the snapshot", errno).error());
    if (::rename(part_.c_str(), to_.c_str()) != 0)
        return tl::unexpected(failed("cannot rename the snapshot", errno).error());
    part_.clear();
    if (const int error = sync_directory(to_))
        return refused("cannot sync the snapshot's directory: " + text_of(error), to_);
    return Bytes{size_};
}

}  // namespace quorate::etcd
