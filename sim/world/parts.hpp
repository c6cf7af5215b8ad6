// How a world is copied: part by part, each into the same part of another world. What a part holds
// goes over by itself, field by field; the references by which it knows its neighbours are kept
// here, because assigning another part leaves them as they are. A reference that is a plain member
// does not compile: such a part cannot be assigned.
#pragma once

#include <memory>
#include <utility>

namespace quorate::sim {

class World;
class Findings;

class PartOfWorld {
  protected:
    explicit PartOfWorld(World& world) : world_(world) {}
    PartOfWorld(const PartOfWorld&) = delete;  // it would be a part of two worlds
    PartOfWorld& operator=(const PartOfWorld&) { return *this; }

    World& world_;
};

// A part that watches one promise.
class PartOfOracles : protected PartOfWorld {
  protected:
    PartOfOracles(World& world, Findings& findings) : PartOfWorld(world), findings_(findings) {}
    PartOfOracles& operator=(const PartOfOracles&) { return *this; }

    Findings& findings_;
};

// A part that others refer to: it stays where it is, and is assigned as the part itself.
template <class Part>
class Placed {
  public:
    template <class... Args>
    void emplace(Args&&... args) {
        part_ = std::make_unique<Part>(std::forward<Args>(args)...);
    }
    Placed& operator=(const Placed& other) {
        *part_ = *other.part_;
        return *this;
    }
    Part* operator->() const { return part_.get(); }
    Part& operator*() const { return *part_; }

  private:
    std::unique_ptr<Part> part_;
};

}  // namespace quorate::sim
