#include "tests/kube/support/cluster.hpp"

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "adapters/kube/pki.hpp"
#include "adapters/kube/store.hpp"
#include "adapters/local/pki.hpp"
#include "core/base/limits.hpp"

namespace quorate::kube_e2e {
namespace fs = std::filesystem;
namespace {

constexpr const char* release = "q";

// Namespaces of an earlier run may still be on their way out.
std::string suffix() {
    constexpr const char* letters = "bcdfghjklmnpqrstvwxz";
    std::random_device random;
    std::string text;
    for (int i = 0; i < 5; ++i)
        text += letters[random() % 20];
    return text;
}

std::vector<pid_t> children_of(pid_t pid) {
    const std::string number = std::to_string(pid);
    std::istringstream text(e2e::text_of("/proc/" + number + "/task/" + number + "/children"));
    std::vector<pid_t> children;
    for (pid_t child = 0; text >> child;)
        children.push_back(child);
    return children;
}

fs::path new_directory() {
    std::string path = fs::temp_directory_path() / "quorate-kube-e2e-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary directory");
    return path;
}

std::string decoded(const std::string& base64) {
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    unsigned bits = 0;
    int count = 0;
    for (const char letter : base64) {
        const std::size_t value = letters.find(letter);
        if (value == std::string_view::npos) continue;
        bits = (bits << 6U | static_cast<unsigned>(value)) & 0xFFFFFFU;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> count & 0xFFU);
    }
    return bytes;
}

std::string text_at(const Json& json, const char* pointer) {
    const Json::json_pointer at(pointer);
    return json.is_object() && json.contains(at) && json[at].is_string()
               ? json[at].get<std::string>()
               : "";
}

Words in_space(const std::string& space, Words words) {
    words.insert(words.begin(), {"--namespace", space});
    return words;
}

}  // namespace

// --- Coming and going ----------------------------------------------------------------------------

Cluster::Cluster(const std::string& name, Options options)
    : options_(std::move(options)), space_(name + "-" + suffix()), pki_(new_directory()) {
    kube_e2e::must_kubectl({"create", "namespace", space_});
    for (const std::string& label : options_.labels)
        kube_e2e::must_kubectl({"label", "namespace", space_, label});
    install();
}

void Cluster::install() const {
    Words words{
        "install",
        release,
        source_root() + "/deploy/chart",
        "--namespace",
        space_,
        "--set",
        "controlPlane.backingStore.etcd.embedded.enabled=true",
        "--set",
        "controlPlane.statefulSet.highAvailability.replicas=" + std::to_string(options_.replicas),
        "--set",
        "controlPlane.statefulSet.scheduling.podManagementPolicy=" + options_.policy};
    for (const std::string& value : options_.set)
        words.insert(words.end(), {"--set", value});
    must_helm(words);
}

Cluster::~Cluster() {
    std::error_code ignored;
    fs::remove_all(pki_, ignored);
    // Whatever still runs is ended at once: the next case has a use for the processors.
    kube_e2e::kubectl({"delete", "namespace", space_, "--wait=false"});
    kube_e2e::kubectl({"delete", "pods", "--all", "--namespace", space_, "--force",
                       "--grace-period=0", "--wait=false"});
}

// To nought first: agents that are uninstalled lose the right to ask whether this is a restart, and
// wait for an answer for a while.
void Cluster::end() const {
    scale(0);
    await_no_pods();
    uninstall();
}

void Cluster::upgrade(const Words& set) const {
    Words words{"upgrade",     release, source_root() + "/deploy/chart",
                "--namespace", space_,  "--reuse-values"};
    for (const std::string& value : set)
        words.insert(words.end(), {"--set", value});
    must_helm(words);
}

void Cluster::uninstall() const {
    must_helm({"uninstall", release, "--namespace", space_});
    await_no_pods();
}

// --- What it says --------------------------------------------------------------------------------

std::string Cluster::pod_name(int ordinal) const {
    return std::string(release) + "-" + std::to_string(ordinal);
}

kube::Resource Cluster::resource(const std::string& group, const std::string& kind,
                                 const std::string& name) const {
    return {group, kind, space_, name};
}

Json Cluster::pod(int ordinal) const { return object(resource("v1", "pods", pod_name(ordinal))); }

std::string Cluster::pod_uid(int ordinal) const { return text_at(pod(ordinal), "/metadata/uid"); }

std::string Cluster::pod_address(int ordinal) const {
    return text_at(pod(ordinal), "/status/podIP");
}

std::string Cluster::node_of(int ordinal) const { return text_at(pod(ordinal), "/spec/nodeName"); }

int Cluster::restarts(int ordinal) const {
    return pod(ordinal).value("/status/containerStatuses/0/restartCount"_json_pointer, -1);
}

bool Cluster::pod_is_ready(int ordinal) const {
    const Json found = pod(ordinal);
    if (!found.is_object() || found["metadata"].contains("deletionTimestamp")) return false;
    for (const Json& condition : found.value("/status/conditions"_json_pointer, Json::array()))
        if (condition.value("type", "") == "Ready") return condition.value("status", "") == "True";
    return false;
}

Json Cluster::claim(int ordinal) const {
    return object(resource("v1", "persistentvolumeclaims", "data-" + pod_name(ordinal)));
}

Json Cluster::lease() const { return object(kube::authority_of({release, space_})); }

Json Cluster::status(int ordinal) const {
    const std::string address = pod_address(ordinal);
    if (address.empty()) return nullptr;
    const Json json = Json::parse(page("http://" + address + ":2381/status"), nullptr, false);
    return json.is_object() && json.contains("view") ? json : Json();
}

bool Cluster::has_record() const { return !object(kube::record_of({release, space_})).is_null(); }

ClusterRecord Cluster::record() const {
    const kube::Names names{release, space_};
    const Json found = object(kube::record_of(names));
    if (found.is_null()) throw std::runtime_error("there is no cluster record");
    auto record = kube::record_in(found, names);
    if (!record) throw std::runtime_error(record.error().where + ": " + record.error().what);
    return **record;
}

std::string Cluster::member_id(int ordinal) const {
    if (!has_record()) return "";
    const ClusterRecord now = record();
    const ReplicaEntry* entry = now.replicas.find(Ordinal{static_cast<std::uint32_t>(ordinal)});
    return entry == nullptr || entry->member_id.value == 0 ? "" : hex(entry->member_id);
}

Words Cluster::member_ids(int replicas) const {
    Words ids;
    await("identities in the record", [&] {
        ids.clear();
        for (int i = 0; i < replicas; ++i)
            ids.push_back(member_id(i));
        return std::none_of(ids.begin(), ids.end(), [](const auto& id) { return id.empty(); });
    });
    return ids;
}

int Cluster::leader(int replicas) const {
    int found = -1;
    await("a leader", [&] {
        for (int i = 0; i < replicas; ++i)
            if (status(i).value("/self/leader"_json_pointer, false)) found = i;
        return found >= 0;
    });
    return found;
}

std::string Cluster::logs(int ordinal, bool previous) const {
    Words words{"logs", pod_name(ordinal)};
    if (previous) words.push_back("--previous");
    return kubectl(words).out;
}

// Of the container's first process, the agent; of that, the rest.
pid_t Cluster::process_in(int ordinal, const std::string& name) const {
    const std::string first =
        lab({"container-pid", space() + "/" + pod_name(ordinal), node_of(ordinal)});
    for (const pid_t agent : children_of(std::stoi(first)))
        for (const pid_t child : children_of(agent))
            // The kernel keeps so much of a name.
            if (e2e::text_of("/proc/" + std::to_string(child) + "/comm")
                    .starts_with(name.substr(0, 15)))
                return child;
    return 0;
}

fs::path Cluster::volume(int ordinal) const {
    const std::string name = text_at(claim(ordinal), "/spec/volumeName");
    return name.empty() ? fs::path() : fs::path(volume_directory(name));
}

std::vector<std::string> Cluster::set_aside(int ordinal) const {
    Words names;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(volume(ordinal) / "set-aside", none))
        names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
}

std::string Cluster::picture() const {
    std::ostringstream text;
    text << "\n--- objects of " << space_ << "\n"
         << kubectl({"get", "statefulsets,pods,pvc,leases,pdb", "--output", "wide"}).out;
    text << "\n--- events\n"
         << kubectl({"get", "events", "--sort-by=.lastTimestamp", "--output",
                     "custom-columns=AT:.lastTimestamp,WHO:.involvedObject.name,WHAT:.message"})
                .out;
    for (int i = 0; i < static_cast<int>(limits::replicas_max); ++i) {
        if (pod(i).is_null()) continue;
        text << "\n--- status " << i << "\n" << status(i).dump();
        text << "\n--- log " << i << "\n" << kubectl({"logs", pod_name(i), "--tail=40"}).out;
        if (restarts(i) > 0)
            text << "\n--- log " << i << " before it was restarted\n"
                 << kubectl({"logs", pod_name(i), "--previous", "--tail=20"}).out;
    }
    text << "\n--- record\n"
         << kubectl({"get", "configmap", std::string(release) + "-record", "--output",
                     "jsonpath={.data}"})
                .out;
    return text.str();
}

void Cluster::await(const std::string& what, const std::function<bool()>& condition) const {
    if (!eventually(condition)) throw std::runtime_error("waited in vain for " + what + picture());
}

void Cluster::await_steady(int replicas) const {
    const auto is_steady = [&](int ordinal) {
        const Json now = status(ordinal);
        if (!now.is_object() || !pod_is_ready(ordinal)) return false;
        const Json& view = now["view"];
        // An agent without authority follows; the one that has it lets go once nothing is to be
        // done.
        const std::string phase = view.value("cluster_phase", "");
        return now["self"].value("ready", false) && (phase == "steady" || phase == "following") &&
               view.value("repair", "") == "idle" && view.value("voters", 0) == replicas &&
               view.value("learners", 1) == 0 && view["desired"] == replicas;
    };
    await("steady with " + std::to_string(replicas), [&] {
        for (int i = 0; i < replicas; ++i)
            if (!is_steady(i)) return false;
        for (int i = replicas; i < static_cast<int>(limits::replicas_max); ++i)
            if (!pod(i).is_null()) return false;
        return true;
    });
}

void Cluster::await_replaced(int ordinal, const std::string& old_id) const {
    await("another identity of replica " + std::to_string(ordinal), [&] {
        const Json now = status(ordinal);
        if (now.is_null() || now["self"].value("role", "") != "voter") return false;
        const std::string id = member_id(ordinal);
        return !id.empty() && id != old_id;
    });
}

void Cluster::await_no_pods() const {
    await("the end of all pods", [&] {
        const Ran ran = kubectl({"get", "pods", "--output", "name"});
        return ran.status == 0 && ran.out.empty();
    });
}

// --- What is done to it --------------------------------------------------------------------------

std::string Cluster::must_kubectl(Words words) const {
    return kube_e2e::must_kubectl(in_space(space_, std::move(words)));
}
Ran Cluster::kubectl(Words words) const {
    return kube_e2e::kubectl(in_space(space_, std::move(words)));
}

void Cluster::scale(int replicas) const {
    must_kubectl({"scale", "statefulset", release, "--replicas", std::to_string(replicas)});
}

void Cluster::delete_pod(int ordinal, Words how) const {
    Words words{"delete", "pod", pod_name(ordinal), "--wait=false"};
    words.insert(words.end(), how.begin(), how.end());
    must_kubectl(words);
}

// The claim first: it stays as long as a pod uses it, and the next pod gets another one.
void Cluster::delete_pod_and_claim(int ordinal) const {
    const std::string uid = text_at(claim(ordinal), "/metadata/uid");
    must_kubectl({"delete", "pvc", "data-" + pod_name(ordinal), "--wait=false"});
    delete_pod(ordinal);
    await("another claim", [&] {
        const std::string now = text_at(claim(ordinal), "/metadata/uid");
        return !now.empty() && now != uid;
    });
}

std::unique_ptr<etcd::Client> Cluster::client(int ordinal) const {
    if (!fs::exists(pki_ / "client.crt")) {
        const Json secret = object(kube::authority_secret_of({release, space_}));
        for (const char* file : {"ca.crt", "ca.key"}) {
            const std::string text = decoded(secret.at("data").at(file));
            std::ofstream(pki_ / file) << text;
        }
        fs::permissions(pki_ / "ca.key", fs::perms::owner_read | fs::perms::owner_write);
        if (auto made = local::ensure_etcd_certificates(pki_, {"localhost"}); !made)
            throw std::runtime_error(made.error().where + ": " + made.error().what);
    }
    const std::string host =
        pod_name(ordinal) + "." + release + "-headless." + space_ + ".svc.cluster.local";
    auto made =
        etcd::Client::create({"https://" + host + ":2379", "https://" + host + ":2380"},
                             etcd::Tls{pki_ / "ca.crt", pki_ / "client.crt", pki_ / "client.key"});
    if (!made) throw std::runtime_error(made.error().where + ": " + made.error().what);
    return std::move(*made);
}

e2e::Writer::Clients Cluster::clients(int replicas) const {
    e2e::Writer::Clients clients;
    for (int i = 0; i < replicas; ++i)
        clients.push_back(client(i));
    return clients;
}

// Of a copy, elsewhere.
Ran Cluster::replay(int ordinal, const Words& how) const {
    const fs::path elsewhere = new_directory();
    fs::copy(volume(ordinal) / "journal", elsewhere / "journal", fs::copy_options::recursive);
    const char* quorate = std::getenv("QUORATE_BINARY");
    Words words{quorate == nullptr ? "quorate" : quorate, "replay", elsewhere / "journal"};
    words.insert(words.end(), how.begin(), how.end());
    Ran ran = e2e::run(words);
    std::error_code ignored;
    fs::remove_all(elsewhere, ignored);
    return ran;
}

std::string Cluster::unreplayable() const {
    std::string problems;
    for (int i = 0; i < static_cast<int>(limits::replicas_max); ++i) {
        const fs::path directory = volume(i);
        if (directory.empty() || !fs::exists(directory / "journal")) continue;
        const Ran ran = replay(i, {"--quiet"});
        if (ran.status != 0) problems += pod_name(i) + ": " + ran.out + ran.err + "\n";
    }
    return problems;
}

std::string Cluster::told_by_journal(int ordinal) const { return replay(ordinal, {}).out; }

FollowedLog::FollowedLog(const Cluster& cluster, int ordinal) : file_(new_directory() / "log") {
    follower_ = e2e::spawn({"kubectl", "logs", "--follow", "--namespace", cluster.space(),
                            std::string(release) + "-" + std::to_string(ordinal)},
                           file_);
    cluster.await("its log", [&] { return !e2e::text_of(file_).empty(); });
}

FollowedLog::~FollowedLog() {
    if (follower_ > 0) {
        ::kill(follower_, SIGKILL);
        e2e::await_exit(follower_);
    }
    std::error_code ignored;
    fs::remove_all(file_.parent_path(), ignored);
}

std::string FollowedLog::until_end() {
    e2e::await_exit(std::exchange(follower_, 0));
    return e2e::text_of(file_);
}

}  // namespace quorate::kube_e2e
