// A release of the chart in a namespace of its own: installed by helm, looked at through its pods'
// pages, its objects and etcd itself.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/etcd/client.hpp"
#include "core/model/record.hpp"
#include "tests/e2e/support/writer.hpp"
#include "tests/kube/support/lab.hpp"

namespace quorate::kube_e2e {

class Cluster {
  public:
    struct Options {
        int replicas = 3;
        std::string policy = "Parallel";
        Words set = {};     // KEY=VALUE of the chart, over the defaults
        Words labels = {};  // KEY=VALUE of the namespace
    };

    // Returns when helm does; await_steady() when the cluster has formed.
    Cluster(const std::string& name, Options options);
    ~Cluster();  // the namespace is deleted, and nobody waits for that
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    // --- What it says -------------------------------------------------------------------------
    const std::string& space() const { return space_; }
    Json pod(int ordinal) const;  // null: there is none
    std::string pod_uid(int ordinal) const;
    std::string pod_address(int ordinal) const;
    std::string node_of(int ordinal) const;
    int restarts(int ordinal) const;
    bool pod_is_ready(int ordinal) const;
    Json claim(int ordinal) const;
    Json lease() const;
    Json status(int ordinal) const;  // the page; null while nobody answers
    ClusterRecord record() const;    // throws when there is none
    bool has_record() const;
    std::string member_id(int ordinal) const;  // as the record has it, hex; empty: it has none
    Words member_ids(int replicas) const;
    int leader(int replicas) const;  // waits for one
    std::string logs(int ordinal, bool previous = false) const;
    pid_t process_in(int ordinal, const std::string& name) const;  // a child of the agent; 0: none
    std::vector<std::string> set_aside(int ordinal) const;
    std::filesystem::path volume(int ordinal) const;  // of its claim
    std::string picture() const;                      // for failures

    // Throws with the picture when it did not come.
    void await(const std::string& what, const std::function<bool()>& condition) const;
    // So many pods, all ready, that agree on so many voters and have nothing to do.
    void await_steady(int replicas) const;
    // The replica is a member again, under another identity.
    void await_replaced(int ordinal, const std::string& old_id) const;
    void await_no_pods() const;

    // --- What is done to it -------------------------------------------------------------------
    std::string must_kubectl(Words words) const;  // in its namespace
    Ran kubectl(Words words) const;
    void scale(int replicas) const;
    void delete_pod(int ordinal, Words how = {}) const;  // does not wait
    void delete_pod_and_claim(int ordinal) const;
    void upgrade(const Words& set) const;  // helm upgrade with these KEY=VALUE as well
    void install() const;                  // again, over the claims of before
    void end() const;                      // pods and release are gone when it returns; claims stay
    void uninstall() const;                // the same at once, as a person does it

    std::unique_ptr<etcd::Client> client(int ordinal) const;
    e2e::Writer::Clients clients(int replicas) const;

    // Every claim's journal, copied away from where it was written, replays; returns what did not.
    std::string unreplayable() const;
    // One that is still written to, event by event and decision by decision.
    std::string told_by_journal(int ordinal) const;

  private:
    Ran replay(int ordinal, const Words& how) const;
    std::string pod_name(int ordinal) const;
    kube::Resource resource(const std::string& group, const std::string& kind,
                            const std::string& name) const;

    const Options options_;
    const std::string space_;
    const std::filesystem::path pki_;  // a client's certificate of the cluster's authority
};

// The log of a pod that is about to end: what it said last is gone with it.
class FollowedLog {
  public:
    FollowedLog(const Cluster& cluster, int ordinal);  // returns when there is some of it
    ~FollowedLog();
    FollowedLog(const FollowedLog&) = delete;
    FollowedLog& operator=(const FollowedLog&) = delete;

    std::string until_end();  // waits for the end of the container

  private:
    std::filesystem::path file_;
    pid_t follower_ = 0;
};

}  // namespace quorate::kube_e2e
