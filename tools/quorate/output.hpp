// --output json|text, the same for every verb that answers something.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace quorate::cli {

inline void add_output(CLI::App& verb, std::string& output) {
    verb.add_option("--output", output, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
}

}  // namespace quorate::cli
