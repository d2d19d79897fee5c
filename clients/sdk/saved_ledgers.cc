#include "clients/sdk/saved_ledgers.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "clients/sdk/kinds.h"
#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/base/text.h"
#include "services/core/crypto/hash.h"
#include "services/core/entry/audience.h"
#include "services/core/entry/remains.h"

namespace entente::sdk {
namespace {

namespace fs = std::filesystem;
using base::Reason;

constexpr unsigned kPrivate = 0600;
constexpr char kEntry[] = ".entry";
constexpr char kSkipped[] = ".skipped";

absl::Status Damaged(std::string text) {
  return base::MakeRefusal(absl::StatusCode::kDataLoss, Reason::kProofInvalid, std::move(text));
}

absl::Status Write(const std::string& path, const std::string& bytes) {
  if (base::WriteFileAtomically(path, bytes, kPrivate)) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kConfigurationInvalid,
                      "cannot write {}", path);
}

// One that is there already keeps its rights.
absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  const bool made = fs::create_directories(path, error);
  if (made && !error) fs::permissions(path, fs::perms::owner_all, error);
  if (!error) return absl::OkStatus();
  return base::Refuse(absl::StatusCode::kFailedPrecondition, Reason::kConfigurationInvalid,
                      "cannot make {}: {}", path, error.message());
}

// What is there already is evidence.
absl::Status SaveAt(const std::string& path, const std::string& bytes) {
  if (auto there = base::ReadFile(path); there.has_value()) {
    if (*there == bytes) return absl::OkStatus();
    return base::Refuse(absl::StatusCode::kDataLoss, Reason::kLedgerForked,
                        "{} holds something else already; it was left as it is", path);
  }
  ENTENTE_RETURN_IF_ERROR(MakeFolder(fs::path(path).parent_path()));
  return Write(path, bytes);
}

// What is there of an entry with this name in its leaf and this digest; nothing if it is not.
std::optional<pb::Entry> EntryAt(const std::string& path, const std::string& name,
                                 const std::string& digest) {
  pb::Entry saved;
  pb::Leaf leaf;
  const auto bytes = base::ReadFile(path);
  if (!bytes || !saved.ParseFromString(*bytes) || !leaf.ParseFromString(saved.leaf())) {
    return std::nullopt;
  }
  const bool is_it = leaf.stamp().name() == name && leaf.document_digest() == digest;
  return is_it ? std::optional(std::move(saved)) : std::nullopt;
}

// Calls `use` with what is in a folder; an error where that cannot be listed.
absl::Status ForEachFile(const std::string& folder,
                         const std::function<void(const fs::path& path)>& use) {
  std::error_code error;
  for (fs::directory_iterator file(folder, error), end; !error && file != end;
       file.increment(error)) {
    use(file->path());
  }
  return error ? Damaged(fmt::format("cannot be listed: {}", error.message())) : absl::OkStatus();
}

// Files of a ledger's folder by index: entries, and hashes of those that a filter left out.
using Files = std::multimap<uint64_t, std::string>;
absl::StatusOr<Files> EntryFiles(const std::string& folder) {
  Files files;
  ENTENTE_RETURN_IF_ERROR(ForEachFile(folder, [&](const fs::path& path) {
    if (path.extension() != kEntry && path.extension() != kSkipped) return;
    files.emplace(std::strtoull(path.stem().c_str(), nullptr, 10), path.string());
  }));
  return files;
}

// The verification of one ledger's folder.
class LedgerCheck {
 public:
  LedgerCheck(std::string folder, std::string group, const identity::Directory& directory,
              document::Verifier& verifier, const SavedLedgers::Keep& keep)
      : folder_(std::move(folder)), directory_(directory), verifier_(verifier), keep_(keep) {
    result_.ledger = fs::path(folder_).filename().string();
    result_.group = std::move(group);
  }

  // Every entry by itself, then all together against the saved checkpoint. Without one nothing is
  // covered yet.
  SavedLedger Run() {
    if (!OpenCheckpoint()) return std::move(result_);
    const auto files = EntryFiles(folder_);
    if (!files.ok()) {
      Add(folder_, files.status());
      return std::move(result_);
    }
    for (const auto& [index, path] : *files) {
      if (index < next_) {
        Add(path, Damaged("is there twice, as an entry and as one that a filter left out"));
        continue;
      }
      TakeFile(index, path);
      if (index != next_) {
        Add(folder_, Damaged(fmt::format("entries {} to {} are missing", next_, index - 1)));
      }
      next_ = index + 1;
    }
    CheckAll();
    return std::move(result_);
  }

 private:
  void Add(const std::string& path, absl::Status status) {
    result_.faults.push_back({path, std::move(status)});
  }

  bool OpenCheckpoint() {
    const std::string path = folder_ + "/checkpoint";
    const auto note = base::ReadFile(path);
    if (!note) return true;
    auto opened = entry::OpenCheckpoint(
        *note, entry::OriginOf(directory_.trust_domain(), result_.group, result_.ledger),
        directory_.PastLogVerifiers(result_.group));
    if (!opened.ok()) {
      Add(path, opened.status());
      return false;
    }
    covered_ = opened->head.size;
    result_.root = opened->head.root;
    return true;
  }

  void TakeFile(uint64_t index, const std::string& path) {
    base::Digest leaf_hash;
    auto verified = VerifyFile(path, leaf_hash);
    absl::Status status = verified.status();
    if (status.ok() && verified->has_value()) status = CheckPlace(**verified, index);
    if (status.ok()) status = CheckErased(*verified, index);
    if (!status.ok()) {
      Add(path, status);
    } else if (!verified->has_value()) {
      if (index < covered_) ++result_.skipped;
    } else if (keep_ && keep_(**verified)) {
      result_.kept.push_back(**std::move(verified));
    }
    if (index < covered_) range_.Append(leaf_hash);
  }

  // The entry of a file, or nothing for one that a filter left out; its leaf hash either way.
  absl::StatusOr<std::optional<VerifiedEntry>> VerifyFile(const std::string& path,
                                                          base::Digest& leaf_hash) {
    const auto bytes = base::ReadFile(path);
    if (!bytes) return Damaged("cannot be read");
    if (fs::path(path).extension() == kSkipped) {
      const auto hash = base::FromHex(*bytes);
      const auto digest = hash ? base::Digest::From(*hash) : std::nullopt;
      if (!digest) return Damaged("is not a leaf hash");
      leaf_hash = *digest;
      return std::optional<VerifiedEntry>();
    }
    pb::Entry entry;
    if (!entry.ParseFromString(*bytes)) return Damaged("does not parse");
    leaf_hash = merkle::LeafHash(entry.leaf());
    ENTENTE_ASSIGN_OR_RETURN(auto verified, VerifyEntry(result_.group, result_.ledger,
                                                        std::move(entry), verifier_, directory_));
    return std::optional<VerifiedEntry>(std::move(verified));
  }

  absl::Status CheckPlace(const VerifiedEntry& entry, uint64_t index) {
    if (entry.index() != index) {
      return Damaged(fmt::format("is entry {}, not {}", entry.index(), index));
    }
    if (documents_.insert(entry.leaf.document_digest()).second) return absl::OkStatus();
    return Damaged("is a document that the ledger holds already");
  }

  // Notes an entry that was erased, until the one that orders it comes.
  absl::Status CheckErased(const std::optional<VerifiedEntry>& entry, uint64_t index) {
    const auto unordered = [](const std::string& name, uint64_t by) {
      return Damaged(
          fmt::format("{} was erased, and entry {}, which must order that, does not", name, by));
    };
    if (const auto ordered = erased_.find(index); ordered != erased_.end()) {
      const VerifiedEntry what = std::move(ordered->second);
      erased_.erase(ordered);
      if (!entry.has_value()) return unordered(what.name(), index);
      ENTENTE_RETURN_IF_ERROR(CheckOrders(*entry, what));
      for (VerifiedEntry& kept : result_.kept) {
        if (kept.index() == what.index()) kept.ordered_by = entry->agency();
      }
    }
    if (!entry.has_value() || !entry->erased()) return absl::OkStatus();
    if (erased_.emplace(entry->entry.erased_at(), *entry).second) return absl::OkStatus();
    return unordered(entry->name(), entry->entry.erased_at());
  }

  void CheckAll() {
    for (const auto& [index, entry] : erased_) {
      if (index >= covered_) continue;
      Add(folder_,
          Damaged(fmt::format("{} was erased, and entry {}, which must order that, is missing",
                              entry.name(), index)));
    }
    if (next_ < covered_) {
      Add(folder_,
          Damaged(fmt::format("{} entries, but the checkpoint covers {}", next_, covered_)));
    } else if (range_.size() == covered_ && range_.Root() != result_.root && covered_ > 0) {
      Add(folder_, Damaged("the entries do not have the checkpoint's root"));
    }
    // Nobody has signed what remains of an entry but who ordered that it is erased.
    std::erase_if(result_.kept, [&](const VerifiedEntry& entry) {
      return entry.erased() && !entry.ordered_by.has_value();
    });
    result_.entries = covered_ - std::min(covered_, result_.skipped);
    result_.unordered = erased_.size();
    result_.uncovered = next_ - std::min(next_, covered_);
  }

  const std::string folder_;
  const identity::Directory& directory_;
  document::Verifier& verifier_;
  const SavedLedgers::Keep& keep_;
  SavedLedger result_;
  uint64_t covered_ = 0;
  uint64_t next_ = 0;
  merkle::CompactRange range_;
  std::set<std::string> documents_;           // digests
  std::map<uint64_t, VerifiedEntry> erased_;  // by the index of what must order it
};

// The group that a saved ledger says it is of, in the first line of its checkpoint: whether it is
// is what verification then finds out.
std::string GroupOf(const std::string& folder, const identity::Directory& directory,
                    const std::string& otherwise) {
  const std::string note = base::ReadFile(folder + "/checkpoint").value_or("");
  const std::string origin = note.substr(0, note.find('\n'));
  const auto parts = base::Split(origin, '/');
  const bool known =
      parts.size() == 3 && !directory.PastLogVerifiers(std::string(parts[1])).empty();
  return known ? std::string(parts[1]) : otherwise;
}

}  // namespace

std::string SavedLedgers::EntryPath(const std::string& ledger, uint64_t index) const {
  return fmt::format("{}/{}/{:010}{}", folder_, ledger, index, kEntry);
}

std::string SavedLedgers::SkippedPath(const std::string& ledger, uint64_t index) const {
  return fmt::format("{}/{}/{:010}{}", folder_, ledger, index, kSkipped);
}

std::string SavedLedgers::CheckpointPath(const std::string& ledger) const {
  return folder_ + "/" + ledger + "/checkpoint";
}

absl::Status SavedLedgers::Prepare() const {
  ENTENTE_RETURN_IF_ERROR(MakeFolder(folder_));
  return ForEachFile(folder_, [](const fs::path& path) {
    if (entry::IsLedgerId(path.filename().string())) base::RemoveAbandoned(path.string());
  });
}

absl::Status SavedLedgers::Follow(Client& client, FollowOptions options,
                                  const Client::EntryHandler& handle) {
  ENTENTE_RETURN_IF_ERROR(Prepare());
  if (options.state_file.empty()) options.state_file = folder_ + "/cursor";
  options.skipped = [this](const std::string& ledger, uint64_t index, const base::Digest& hash) {
    return SaveAt(SkippedPath(ledger, index), hash.hex());
  };
  options.marked = [this](const entente::config::v1::FollowerState& state) {
    return SaveCheckpoints(state);
  };
  return client.Follow(options, [&](const VerifiedEntry& entry) {
    ENTENTE_RETURN_IF_ERROR(Save(entry));
    return handle ? handle(entry) : absl::OkStatus();
  });
}

absl::Status SavedLedgers::Save(const VerifiedEntry& entry) {
  // Its ledger has passed verification, and so is safe as a folder.
  const std::string path = EntryPath(entry.ledger, entry.index());
  // Received whole before it was erased, or erased here before it is received again: the order,
  // when it comes, settles both.
  const auto saved = EntryAt(path, entry.name(), entry.leaf.document_digest());
  const bool other_half = saved.has_value() && saved->leaf() == entry.entry.leaf() &&
                          saved->has_erased_at() != entry.erased();
  if (!other_half) ENTENTE_RETURN_IF_ERROR(SaveAt(path, entry.entry.SerializeAsString()));
  const auto erasure = AsErasure(entry);
  return erasure.has_value() ? EraseSaved(entry, *erasure) : absl::OkStatus();
}

// Carries out an order to erase, which has its place in the verified ledger, in the saved copy of
// that. What a filter left out is not there, and nothing is to be done.
absl::Status SavedLedgers::EraseSaved(const VerifiedEntry& order, const pb::Erasure& body) const {
  if (order.document.references_size() != 1) return absl::OkStatus();  // another release's
  const auto& of = order.document.references(0);
  const std::string path = EntryPath(order.ledger, body.index());
  auto saved = EntryAt(path, of.name(), of.digest());
  const bool own = of.name().rfind("partners/" + order.originator().state + "/", 0) == 0;
  if (!saved.has_value() || saved->has_erased_at() || !own || body.index() >= order.index()) {
    return absl::OkStatus();
  }
  ENTENTE_RETURN_IF_ERROR(base::WithPrefix(entry::CheckEntry(*saved).status(), path));
  KnowKinds();
  ENTENTE_ASSIGN_OR_RETURN(*saved->mutable_signed_document(),
                           entry::RemainsOf(saved->signed_document()));
  if (crypto::Sha256(saved->signed_document()).view() != body.remains_digest()) {
    return base::Refuse(
        absl::StatusCode::kFailedPrecondition, Reason::kCopyIncomplete,
        "{} is to be erased, and what remains of it is not what {} says: this release is another "
        "than the service's, or what was ordered is forged; keep both, and raise it with the Point "
        "of Contact",
        path, order.name());
  }
  saved->set_erased_at(order.index());
  return Write(path, saved->SerializeAsString());
}

absl::Status SavedLedgers::SaveCheckpoints(const entente::config::v1::FollowerState& state) const {
  for (const auto& ledger : state.ledgers()) {
    if (ledger.verified_checkpoint().empty()) continue;
    ENTENTE_RETURN_IF_ERROR(MakeFolder(folder_ + "/" + ledger.ledger()));
    ENTENTE_RETURN_IF_ERROR(Write(CheckpointPath(ledger.ledger()), ledger.verified_checkpoint()));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SavedLedger>> SavedLedgers::Verify(const identity::Directory& directory,
                                                              const std::string& otherwise,
                                                              const Keep& keep) const {
  std::vector<std::string> folders;
  std::error_code ignored;
  const absl::Status listed = ForEachFile(folder_, [&](const fs::path& path) {
    // What else is there, as "lost+found", is nobody's ledger.
    if (entry::IsLedgerId(path.filename().string()) && fs::is_directory(path, ignored)) {
      folders.push_back(path.string());
    }
  });
  std::sort(folders.begin(), folders.end());
  if (!listed.ok() || folders.empty()) {
    return base::Refuse(absl::StatusCode::kNotFound, Reason::kFieldInvalid,
                        "{} holds no ledgers; name a folder of follow --save", folder_);
  }
  document::Verifier verifier;
  std::vector<SavedLedger> ledgers;
  for (const std::string& folder : folders) {
    const std::string group = GroupOf(folder, directory, otherwise);
    ledgers.push_back(LedgerCheck(folder, group, directory, verifier, keep).Run());
  }
  return ledgers;
}

absl::StatusOr<std::vector<VerifiedEntry>> SavedLedgers::Read(const identity::Directory& directory,
                                                              const std::string& otherwise,
                                                              const Keep& keep, bool* waits) const {
  const Keep all = [](const VerifiedEntry&) { return true; };
  ENTENTE_ASSIGN_OR_RETURN(auto ledgers, Verify(directory, otherwise, keep ? keep : all));
  std::vector<VerifiedEntry> entries;
  if (waits != nullptr) *waits = false;
  for (SavedLedger& ledger : ledgers) {
    if (!ledger.faults.empty()) {
      const SavedLedger::Fault& fault = ledger.faults.front();
      return base::Refuse(absl::StatusCode::kDataLoss, Reason::kProofInvalid, "{}: {}", fault.path,
                          base::Text(fault.status));
    }
    if (waits != nullptr && ledger.waits()) *waits = true;
    std::move(ledger.kept.begin(), ledger.kept.end(), std::back_inserter(entries));
  }
  std::stable_sort(entries.begin(), entries.end(), RecordedBefore);
  return entries;
}

}  // namespace entente::sdk
