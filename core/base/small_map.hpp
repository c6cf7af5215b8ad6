// A map kept as a sorted vector: iteration is in key order, copies are one allocation, equality is
// by value. Meant for a handful of entries (replicas, members, timers).
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

namespace quorate {

template <class Key, class Value>
class SmallMap {
  public:
    using Entry = std::pair<Key, Value>;

    bool operator==(const SmallMap&) const = default;

    bool empty() const { return entries_.empty(); }
    std::size_t size() const { return entries_.size(); }
    auto begin() const { return entries_.begin(); }
    auto end() const { return entries_.end(); }
    auto begin() { return entries_.begin(); }
    auto end() { return entries_.end(); }
    bool contains(const Key& key) const { return find(key) != nullptr; }

    // nullptr when absent; valid until the map is next changed.
    const Value* find(const Key& key) const {
        auto at = lower(key);
        return at != entries_.end() && at->first == key ? &at->second : nullptr;
    }
    Value* find(const Key& key) { return const_cast<Value*>(std::as_const(*this).find(key)); }

    // Inserts a default value when absent.
    Value& operator[](const Key& key) {
        auto at = std::lower_bound(entries_.begin(), entries_.end(), key, before);
        if (at == entries_.end() || at->first != key) at = entries_.insert(at, Entry{key, Value{}});
        return at->second;
    }

    void erase(const Key& key) {
        auto at = std::lower_bound(entries_.begin(), entries_.end(), key, before);
        if (at != entries_.end() && at->first == key) entries_.erase(at);
    }

    void clear() { entries_.clear(); }

  private:
    static bool before(const Entry& entry, const Key& key) { return entry.first < key; }
    auto lower(const Key& key) const {
        return std::lower_bound(entries_.begin(), entries_.end(), key, before);
    }

    std::vector<Entry> entries_;
};

}  // namespace quorate
