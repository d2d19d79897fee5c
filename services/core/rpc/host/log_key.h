// The key that a service signs its checkpoints with, as a file that is replaced while it works.
#ifndef ENTENTE_SERVICES_CORE_RPC_HOST_LOG_KEY_H_
#define ENTENTE_SERVICES_CORE_RPC_HOST_LOG_KEY_H_

#include <atomic>
#include <list>
#include <string>

#include "services/core/entry/entry.h"
#include "services/core/identity/directory.h"
#include "services/core/identity/directory_source.h"

namespace entente::rpc {

// Takes only keys that the directory lists for the group: no reader would accept another's
// checkpoints. One thread calls Open and Look; Taken may come from any.
class LogKeyFile {
 public:
  // `group` as in "leem", whose checkpoints are signed as "<trust domain>/<group>".
  LogKeyFile(std::string path, const identity::DirectorySource& directory, std::string group)
      : path_(std::move(path)), directory_(directory), group_(std::move(group)) {}
  // The first signer; it lives as long as this. INVALID_ARGUMENT/CONFIGURATION_INVALID if the file
  // cannot be read, holds no Ed25519 key, or one that the directory does not list.
  absl::StatusOr<const entry::NoteSigner*> Open();
  // The new signer while a change of keys is pending, else null; pending until Taken. A file that
  // cannot be used is logged once, and looked at again: the directory may list its key later.
  const entry::NoteSigner* Look();
  void Taken(const entry::NoteSigner* signer) { taken_ = signer; }
  // Makes the change to the newest pending again.
  void Again() { taken_ = nullptr; }

 private:
  absl::StatusOr<entry::NoteSigner> Load(const std::string& pem) const;
  const std::string path_;
  const identity::DirectorySource& directory_;
  const std::string group_;
  std::list<entry::NoteSigner> signers_;                  // the last is the newest
  std::string pem_;                                       // that the newest was made of
  std::string refused_;                                   // the last that could not be used
  std::atomic<const entry::NoteSigner*> taken_{nullptr};  // that the service signs with
};

}  // namespace entente::rpc

#endif  // ENTENTE_SERVICES_CORE_RPC_HOST_LOG_KEY_H_
