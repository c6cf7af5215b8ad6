// Reads etcd's db (a bbolt file, format: etcd facts 12.2 and 12.3) without changing or mapping it:
// both metas, then every page that the newer one reaches, once each. The walk finds what etcd would
// die of later (pages beyond the end of the file, foreign pages, keys out of order); it does not
// look into values: a bit flipped in a value has no checksum to betray it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "adapters/base/result.hpp"
#include "core/base/ids.hpp"
#include "core/model/disk.hpp"

namespace quorate::disk {

struct DbFacts {
    LogIndex consistent_index;          // 0 where absent
    Term term;                          // from 3.5
    std::string storage_version;        // from 3.6
    std::string cluster_version;        // what the cluster agreed on, "3.5.0"
    std::vector<StoredMember> members;  // bucket members, sorted
    bool members_unread = false;        // some value there is no member
    std::vector<MemberId> removed;      // bucket members_removed, sorted
    Revision revision;                  // main part of the last key in bucket key
    std::uint64_t key_records = 0;      // records in bucket key: every revision of every key
    std::uint64_t transaction = 0;      // bbolt's own counter
};

// Ids collected per bucket; etcd advises seven members, so more is not worth carrying.
constexpr std::size_t db_members_max = 1024;

// `refused` for anything damaged; names the page.
Result<DbFacts> read_db(const std::filesystem::path& path);

}  // namespace quorate::disk
