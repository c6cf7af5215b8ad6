#include "sim/world/names.hpp"

#include <utility>

#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

constexpr Span negative_ttl = seconds(5);
constexpr std::uint32_t failures_most = 12;  // of one search: a minute

}  // namespace

// A new pod has a new address, and asks for everybody's.
void World::address_changed(std::uint8_t o) {
    if (names.trouble == Names::Trouble{}) return;
    for (std::uint8_t other = 0; other < size; ++other) {
        if (other == o) continue;
        look_up(other, o, names.trouble.stale[o]);
        look_up(o, other, Span{});
    }
    faults.refresh_network();
}

void World::look_up(std::uint8_t from, std::uint8_t to, Span stale) {
    const auto up_to = [&](Span most) {
        return kernel.streams.between(from, Purpose::names, Span{}, most);
    };
    Span wait;
    const auto wait_for = [&](Fault fault, Span more) {
        if (more == Span{}) return;
        wait = wait + more;
        faults.felt(fault);
    };
    if (stale.us > 0) wait_for(Fault::stale_name, up_to(stale));
    if (names.trouble.slow.us > 0) wait_for(Fault::slow_names, up_to(names.trouble.slow));
    const std::uint32_t failing = names.trouble.failing;
    for (std::uint32_t i = 0; failing > 0 && i < failures_most; ++i) {
        if (!kernel.streams.chance(from, Purpose::names, failing)) break;
        wait_for(Fault::failing_names, negative_ttl);
    }
    if (wait == Span{}) return;
    Happening found;
    found.kind = Kind::name_found;
    found.target = from;
    found.payload = to;
    found.guard = names.lose(from, to, stale == Span{});
    kernel.schedule(wait, found);
}

void World::name_found(const Happening& what) {
    if (names.find(what.target, static_cast<std::uint8_t>(what.payload), what.guard))
        faults.refresh_network();
}

// Once nothing is wrong any more, whoever still searches finds at once.
void World::trouble_names(const Names::Trouble& trouble) {
    names.trouble = trouble;
    if (trouble == Names::Trouble{}) names.find_all();
}

}  // namespace quorate::sim
