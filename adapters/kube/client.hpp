// Calls of the Kubernetes API: JSON over HTTPS, by libcurl. Every call may block until its deadline
// and may come from any thread. Connections are kept and used again.
//
// An answer of any HTTP status is an answer; what it means depends on the call. A Failure says that
// there was none: `unavailable` when nothing can have happened, `unknown` when it may have.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "adapters/base/result.hpp"
#include "adapters/kube/access.hpp"
#include "core/base/instant.hpp"

namespace quorate::kube {

using Json = nlohmann::json;

// Of one object, or of all of its kind in a namespace when the name is empty.
struct Resource {
    std::string group;  // "v1", "apps/v1", ...
    std::string kind;   // in the plural: "configmaps"
    std::string space;
    std::string name;
};
std::string to_text(const Resource& resource);  // for people: "configmaps a/b"

struct Answer {
    int status = 0;
    Json body;
    bool ok() const { return status >= 200 && status < 300; }
};

// The API's own words for a status that is not what was hoped for. A right that is missing is named
// with its verb and resource.
Failure failure_of(const Answer& answer, const Resource& resource);

// quorum: as it is now. cached: whatever the API server has at hand, which may be old; good enough
// to notice that something changed, never to decide what destroys (S12).
enum class Read { quorum, cached };

enum class Event { added, modified, deleted, bookmark };

class Client {
  public:
    static Result<std::unique_ptr<Client>> create(Access access);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    const Access& access() const;

    Result<Answer> get(const Resource& resource, Read read, Span deadline) const;
    // The list that holds the object, or nothing: its version is one that a watch may begin at.
    Result<Answer> list(const Resource& resource, Span deadline) const;
    // `resource` names the object, whose metadata name must be the same.
    Result<Answer> create(const Resource& resource, const Json& object, Span deadline) const;
    // Refused by the API (409) unless the object's metadata resourceVersion is still the newest.
    Result<Answer> replace(const Resource& resource, const Json& object, Span deadline) const;

    // A strategic merge patch of the object's status: what it does not name stays as it is. With a
    // metadata uid in it, refused by the API (422) unless that is the object's.
    Result<Answer> patch_status(const Resource& resource, const Json& patch, Span deadline) const;

    Result<Answer> remove(const Resource& resource, Span deadline) const;

    // Tells the changes of one object after `resource_version`, until the server ends the watch, it
    // fails, or `stop` is set (seen within a second). The answer's status: 200 when the server
    // ended it as asked, 410 when the version is too old.
    Result<Answer> watch(const Resource& resource, const std::string& resource_version, Span length,
                         const std::atomic<bool>& stop,
                         const std::function<void(Event, const Json&)>& told) const;

  private:
    struct Connections;
    explicit Client(std::unique_ptr<Connections> connections);
    std::unique_ptr<Connections> connections_;
};

}  // namespace quorate::kube
