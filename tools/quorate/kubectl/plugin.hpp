// kubectl quorate: this program under the name that kubectl looks for, kubectl-quorate.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/quorate/exit.hpp"

namespace quorate::cli::kubectl {

// Whether the program was started under that name.
bool is_plugin(const char* program);

void add_verbs(CLI::App& app, Exit& exit);

}  // namespace quorate::cli::kubectl
