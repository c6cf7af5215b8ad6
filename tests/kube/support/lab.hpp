// The Kubernetes of tools/e2e-kube, from inside: `tools/e2e-kube test` starts this program where
// the API is and the cluster's names resolve. What is looked at often is asked without a program in
// between; what is done is done as a person does it, by kubectl, helm and tools/e2e-kube.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "adapters/kube/client.hpp"
#include "tests/e2e/support/run.hpp"

namespace quorate::kube_e2e {

using Json = nlohmann::json;
using Words = std::vector<std::string>;
using e2e::Ran;

// Enough for anything on a slow machine; no case waits for it to pass.
inline constexpr std::chrono::minutes patience{3};

// Polls until the condition holds; false when it did not within `patience`.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds pause = std::chrono::milliseconds(200));

// Whether this program runs where a cluster is.
bool is_here();

Ran kubectl(Words words);
// What it said; throws with its complaint when it failed.
std::string must_kubectl(Words words);
std::string must_helm(Words words);
// tools/e2e-kube WORDS: misfortunes of nodes and of the API server.
std::string lab(Words words);
// tools/image with these arguments and the product under test, into every node under this name.
// Once in a program.
void import_image(const std::string& name, const Words& how = {});

// Null: there is none, or nobody answers just now.
Json object(const kube::Resource& resource);

// The body of an answer 200 over HTTP; empty otherwise.
std::string page(const std::string& url);

// What this user asked of the API server so far, as its audit log has it.
std::vector<Json> asked_by(const std::string& user);

// Volumes are directories of this machine.
std::string volume_directory(const std::string& volume);

std::string source_root();

}  // namespace quorate::kube_e2e
