#include "adapters/disk/bbolt.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "adapters/disk/bytes.hpp"
#include "adapters/disk/checksum.hpp"
#include "adapters/disk/file.hpp"
#include "adapters/disk/membership.hpp"

namespace quorate::disk {
namespace fs = std::filesystem;
namespace {

constexpr std::uint16_t branch_page = 1;
constexpr std::uint16_t leaf_page = 2;
constexpr std::uint16_t meta_page = 4;
constexpr std::uint32_t bucket_element = 1;

constexpr std::size_t page_header_size = 16;
constexpr std::size_t element_size = 16;
constexpr std::size_t meta_size = 64;
constexpr std::size_t bucket_header_size = 16;

constexpr std::uint32_t magic = 0xED0CDAED;
constexpr std::uint32_t format_version = 2;
constexpr std::uint32_t page_size_min = 1024;
constexpr std::uint32_t page_size_max = 1024 << 14;  // the range in which bbolt looks for meta 1

// A sound tree over 2^40 records is some ten pages deep; deeper means that the pages lie.
constexpr int depth_max = 64;
// One leaf spans more than a page only for one large value; etcd's requests end at 1.5 MB by
// default.
constexpr std::uint64_t page_span_max = std::uint64_t{256} << 20;

struct Meta {
    std::uint32_t page_size = 0;
    std::uint64_t root = 0;
    std::uint64_t pages = 0;  // no page at or above this one is in use
    std::uint64_t transaction = 0;
};

std::optional<Meta> parse_meta(std::string_view page) {
    if (page.size() < page_header_size + meta_size) return std::nullopt;
    const std::string_view meta = page.substr(page_header_size, meta_size);
    if ((load_le16(page.substr(8)) & meta_page) == 0) return std::nullopt;
    if (load_le32(meta) != magic || load_le32(meta.substr(4)) != format_version) {
        return std::nullopt;
    }
    if (load_le64(meta.substr(56)) != fnv1a64(meta.substr(0, 56))) return std::nullopt;
    return Meta{.page_size = load_le32(meta.substr(8)),
                .root = load_le64(meta.substr(16)),
                .pages = load_le64(meta.substr(40)),
                .transaction = load_le64(meta.substr(48))};
}

Result<std::optional<Meta>> read_meta(const File& file, std::uint64_t offset) {
    std::string page(page_header_size + meta_size, '\0');
    auto got = file.read_at(offset, page);
    if (!got) return tl::unexpected(got.error());
    page.resize(*got);
    return parse_meta(page);
}

bool plausible(std::uint32_t page_size) {
    return page_size >= page_size_min && page_size <= page_size_max &&
           (page_size & (page_size - 1)) == 0;
}

// The second meta stands one page after the first, of which the size is only known from a meta.
Result<std::optional<Meta>> read_second_meta(const File& file, std::optional<Meta> first) {
    if (first) return read_meta(file, first->page_size);
    for (std::uint32_t size = page_size_min; size <= page_size_max; size *= 2) {
        auto meta = read_meta(file, size);
        if (!meta || (*meta && (*meta)->page_size == size)) return meta;
    }
    return std::optional<Meta>();
}

// The valid one of the higher transaction counts (bbolt db.meta).
Result<Meta> read_metas(const File& file) {
    auto first = read_meta(file, 0);
    if (!first) return tl::unexpected(first.error());
    if (*first && !plausible((*first)->page_size)) first = std::optional<Meta>();
    auto second = read_second_meta(file, *first);
    if (!second) return tl::unexpected(second.error());
    if (!*first && !*second) {
        return refused("the db is damaged: neither meta page is valid", file.path().string());
    }
    if (!*first) return **second;
    if (!*second) return **first;
    return (*first)->transaction > (*second)->transaction ? **first : **second;
}

std::optional<MemberId> parse_member_id(std::string_view digits) {
    MemberId id;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), id.value, 16);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return id;
}

constexpr std::size_t version_size_max = 32;  // "3.6.0"

// What etcd keeps in its buckets, gathered while the walk passes by.
class Gatherer {
  public:
    void see(std::string_view bucket, std::string_view key, std::string_view value) {
        if (bucket == "key") see_revision(key);
        if (bucket == "meta") see_meta(key, value);
        if (bucket == "members") see_member(value);
        if (bucket == "members_removed") see_removed(key);
        if (bucket == "cluster" && key == "clusterVersion")
            facts_.cluster_version = value.substr(0, version_size_max);
    }

    DbFacts facts() && { return std::move(facts_); }

  private:
    void see_revision(std::string_view key) {
        ++facts_.key_records;
        if (key.size() >= 8) facts_.revision.value = static_cast<std::int64_t>(load_be64(key));
    }

    void see_meta(std::string_view key, std::string_view value) {
        if (key == "consistent_index" && value.size() == 8) {
            facts_.consistent_index.value = load_be64(value);
        }
        if (key == "term" && value.size() == 8) facts_.term.value = load_be64(value);
        if (key == "storageVersion") facts_.storage_version = value.substr(0, version_size_max);
    }

    void see_member(std::string_view value) {
        const auto member = parse_stored_member(value);
        const bool room = facts_.members.size() < db_members_max;
        if (member && room) facts_.members.push_back(*member);
        facts_.members_unread |= !member || !room;
    }
    void see_removed(std::string_view key) {
        const auto id = parse_member_id(key);
        if (id && facts_.removed.size() < db_members_max) facts_.removed.push_back(*id);
    }

    DbFacts facts_;
};

struct Element {
    std::uint32_t flags = 0;
    std::string_view key;
    std::string_view value;   // of a leaf
    std::uint64_t child = 0;  // of a branch
};

// A page with its overflow, or the page image inside a small bucket's value.
class Page {
  public:
    explicit Page(std::string_view image) : image_(image) {}

    std::uint16_t flags() const { return load_le16(image_.substr(8)); }
    std::size_t count() const { return load_le16(image_.substr(10)); }

    // Nothing when the element points out of the page.
    std::optional<Element> leaf_element(std::size_t i) const {
        const std::size_t at = page_header_size + i * element_size;
        if (at + element_size > image_.size()) return std::nullopt;
        const std::string_view raw = image_.substr(at, element_size);
        const std::uint64_t key_at = at + load_le32(raw.substr(4));
        const std::uint64_t key_size = load_le32(raw.substr(8));
        const std::uint64_t value_size = load_le32(raw.substr(12));
        if (key_at + key_size + value_size > image_.size()) return std::nullopt;
        return Element{.flags = load_le32(raw),
                       .key = image_.substr(key_at, key_size),
                       .value = image_.substr(key_at + key_size, value_size),
                       .child = 0};
    }

    std::optional<Element> branch_element(std::size_t i) const {
        const std::size_t at = page_header_size + i * element_size;
        if (at + element_size > image_.size()) return std::nullopt;
        const std::string_view raw = image_.substr(at, element_size);
        const std::uint64_t key_at = at + load_le32(raw);
        const std::uint64_t key_size = load_le32(raw.substr(4));
        if (key_at + key_size > image_.size()) return std::nullopt;
        return Element{.flags = 0,
                       .key = image_.substr(key_at, key_size),
                       .value = {},
                       .child = load_le64(raw.substr(8))};
    }

  private:
    std::string_view image_;
};

class Walk {
  public:
    Walk(const File& file, const Meta& meta)
        : file_(file), meta_(meta), seen_(std::min(meta.pages, file.size() / meta.page_size + 1)) {}

    Result<void> run() {
        Bucket top{.kind = Bucket::Kind::top, .name = "", .last_key = std::nullopt};
        return walk_page(meta_.root, top, 0);
    }

    DbFacts facts() && { return std::move(gatherer_).facts(); }

  private:
    struct Bucket {
        enum class Kind { top, named, nested };  // etcd nests none; bbolt may
        Kind kind;
        std::string name;
        std::optional<std::string> last_key;
    };

    Result<void> walk_page(std::uint64_t id, Bucket& bucket, int depth) {
        if (depth > depth_max) return damaged(id, "is deeper in the tree than any can be");
        auto image = read_page(id);
        if (!image) return tl::unexpected(image.error());
        const Page page(*image);
        if (page.flags() == branch_page) return walk_branch(id, page, bucket, depth);
        if (page.flags() == leaf_page) return walk_leaf(id, page, bucket, depth);
        return damaged(id, "is neither branch nor leaf");
    }

    // Reads the header first: it tells how many pages belong to this one.
    Result<std::string> read_page(std::uint64_t id) {
        if (id < 2 || id >= seen_.size()) return damaged(id, "lies beyond the end of the file");
        if (seen_[id]) return damaged(id, "is reached twice");
        seen_[id] = true;
        std::string image(meta_.page_size, '\0');
        if (auto got = fill(id, 0, image); !got) return tl::unexpected(got.error());
        if (load_le64(image) != id) return damaged(id, "holds another page");
        const std::uint64_t size =
            (std::uint64_t{load_le32(std::string_view(image).substr(12))} + 1) * meta_.page_size;
        if (size > page_span_max) return damaged(id, "claims an impossible size");
        if (id * meta_.page_size + size > file_.size()) {
            return damaged(id, "is cut off by the end of the file");
        }
        if (size == meta_.page_size) return image;
        image.resize(size);
        if (auto got = fill(id, meta_.page_size, image); !got) return tl::unexpected(got.error());
        return image;
    }

    // Reads what comes after the first `done` bytes of the page.
    Result<void> fill(std::uint64_t id, std::size_t done, std::string& image) {
        const std::span<char> rest = std::span(image).subspan(done);
        auto got = file_.read_at(id * meta_.page_size + done, rest);
        if (!got) return tl::unexpected(got.error());
        if (*got < rest.size()) return damaged(id, "is cut off by the end of the file");
        return {};
    }

    Result<void> walk_branch(std::uint64_t id, const Page& page, Bucket& bucket, int depth) {
        if (page.count() == 0) return damaged(id, "is a branch without children");
        for (std::size_t i = 0; i < page.count(); ++i) {
            const auto element = page.branch_element(i);
            if (!element) return damaged(id, "has an element that points out of it");
            if (auto walked = walk_page(element->child, bucket, depth + 1); !walked) return walked;
        }
        return {};
    }

    Result<void> walk_leaf(std::uint64_t id, const Page& page, Bucket& bucket, int depth) {
        for (std::size_t i = 0; i < page.count(); ++i) {
            const auto element = page.leaf_element(i);
            if (!element) return damaged(id, "has an element that points out of it");
            if (bucket.last_key && *bucket.last_key >= element->key) {
                return damaged(id, "has keys out of order");
            }
            bucket.last_key = element->key;
            if (element->flags == bucket_element) {
                if (auto walked = walk_bucket(id, *element, bucket.kind, depth); !walked) {
                    return walked;
                }
            } else if (bucket.kind == Bucket::Kind::named) {
                gatherer_.see(bucket.name, element->key, element->value);
            }
        }
        return {};
    }

    Result<void> walk_bucket(std::uint64_t id, const Element& element, Bucket::Kind parent,
                             int depth) {
        if (element.value.size() < bucket_header_size) return damaged(id, "has a malformed bucket");
        Bucket bucket{
            .kind = parent == Bucket::Kind::top ? Bucket::Kind::named : Bucket::Kind::nested,
            .name = std::string(element.key),
            .last_key = std::nullopt};
        const std::uint64_t root = load_le64(element.value);
        if (root != 0) return walk_page(root, bucket, depth + 1);
        const std::string_view image = element.value.substr(bucket_header_size);
        if (depth > depth_max || image.size() < page_header_size ||
            Page(image).flags() != leaf_page) {
            return damaged(id, "has a malformed small bucket");
        }
        return walk_leaf(id, Page(image), bucket, depth + 1);
    }

    tl::unexpected<Failure> damaged(std::uint64_t id, std::string_view how) const {
        return refused("the db is damaged: page " + std::to_string(id) + " " + std::string(how),
                       file_.path().string());
    }

    const File& file_;
    Meta meta_;
    std::vector<bool> seen_;
    Gatherer gatherer_;
};

}  // namespace

Result<DbFacts> read_db(const fs::path& path) {
    auto file = File::open(path);
    if (!file) return tl::unexpected(file.error());
    auto meta = read_metas(*file);
    if (!meta) return tl::unexpected(meta.error());
    if (!plausible(meta->page_size)) {
        return refused("the db is damaged: impossible page size", path.string());
    }
    Walk walk(*file, *meta);
    if (auto walked = walk.run(); !walked) return tl::unexpected(walked.error());
    DbFacts facts = std::move(walk).facts();
    facts.transaction = meta->transaction;
    return facts;
}

}  // namespace quorate::disk
