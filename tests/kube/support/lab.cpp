#include "tests/kube/support/lab.hpp"

#include <curl/curl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace quorate::kube_e2e {
namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

Words with(std::string program, Words words) {
    words.insert(words.begin(), std::move(program));
    return words;
}

std::string must(const Words& command) {
    const Ran ran = e2e::run(command);
    if (ran.status == 0) return ran.out;
    std::string line;
    for (const std::string& word : command)
        line += word + ' ';
    throw std::runtime_error(line + "ended with " + std::to_string(ran.status) + ": " + ran.err);
}

std::size_t keep(char* data, std::size_t size, std::size_t count, void* to) {
    static_cast<std::string*>(to)->append(data, size * count);
    return size * count;
}

const kube::Client& api() {
    static const std::unique_ptr<kube::Client> client = [] {
        const std::filesystem::path pki = variable("QUORATE_KUBE_HOME") + "/pki";
        kube::Access access;
        access.server = must(
            {"kubectl", "config", "view", "--output", "jsonpath={.clusters[0].cluster.server}"});
        access.ca = pki / "ca.crt";
        access.certificate = pki / "admin.crt";
        access.key = pki / "admin.key";
        auto made = kube::Client::create(access);
        if (!made) throw std::runtime_error(made.error().where + ": " + made.error().what);
        return std::move(*made);
    }();
    return *client;
}

}  // namespace

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds pause) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(pause);  // most of what is awaited comes with no event
    }
    return true;
}

bool is_here() { return !variable("QUORATE_KUBE_HOME").empty() && !variable("KUBECONFIG").empty(); }

Ran kubectl(Words words) { return e2e::run(with("kubectl", std::move(words))); }
std::string must_kubectl(Words words) { return must(with("kubectl", std::move(words))); }
std::string must_helm(Words words) { return must(with("helm", std::move(words))); }
std::string lab(Words words) {
    return must(with(source_root() + "/tools/e2e-kube", std::move(words)));
}

void import_image(const std::string& name, const Words& how) {
    static std::set<std::string> imported;
    if (imported.count(name) == 1) return;
    const auto archive = std::filesystem::temp_directory_path() /
                         ("quorate-kube-e2e-image-" + std::to_string(::getpid()));
    Words command{source_root() + "/tools/image", "--quorate", variable("QUORATE_BINARY"), "--name",
                  name};
    command.insert(command.end(), how.begin(), how.end());
    command.push_back(archive);
    must(command);
    lab({"import", archive});
    std::filesystem::remove(archive);
    imported.insert(name);
}

Json object(const kube::Resource& resource) {
    const auto answer = api().get(resource, kube::Read::quorum, seconds(5));
    return answer && answer->ok() ? answer->body : Json();
}

std::string page(const std::string& url) {
    const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl_easy_init(), curl_easy_cleanup);
    std::string body;
    curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_PROXY, "");
    curl_easy_setopt(handle.get(), CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, 3'000L);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &body);
    return curl_easy_perform(handle.get()) == CURLE_OK ? body : "";
}

std::vector<Json> asked_by(const std::string& user) {
    std::vector<Json> events;
    std::istringstream log(e2e::text_of(variable("QUORATE_KUBE_HOME") + "/audit.log"));
    for (std::string line; std::getline(log, line);) {
        // The line that is written just now may not be whole.
        Json event = Json::parse(line, nullptr, false);
        if (!event.is_discarded() && event.at("user").at("username") == user)
            events.push_back(std::move(event));
    }
    return events;
}

std::string volume_directory(const std::string& volume) {
    return variable("QUORATE_KUBE_HOME") + "/volumes/" + volume;
}

std::string source_root() { return QUORATE_SOURCE_ROOT; }

}  // namespace quorate::kube_e2e
