#include <iostream>

#include "core/rules/etcd_versions.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {

void add_version(CLI::App& app, Exit& exit) {
    CLI::App* verb = app.add_subcommand("version", "prints the version");
    verb->callback([&exit] {
        std::cout << "quorate " << QUORATE_VERSION << "\netcd from " << to_text(version_floor)
                  << " on\n";
        exit = Exit::ok;
    });
}

}  // namespace quorate::cli
