// What is known of the regime's own control list, which TEM publishes.
#ifndef ENTENTE_SERVICES_LEEM_REGISTER_REGIME_LIST_H_
#define ENTENTE_SERVICES_LEEM_REGISTER_REGIME_LIST_H_

#include <string>

namespace entente::leem {

// Like the clock, it enters before the journal: what it said is kept in the ruling, and replay does
// not ask it. Thread-safe.
class RegimeList {
 public:
  virtual ~RegimeList() = default;
  // Whether no edition is known.
  virtual bool empty() const = 0;
  virtual bool HasEdition(const std::string& edition) const = 0;
  // Whether the edition has a citable place at the path, one whose number is not merely reserved.
  virtual bool HasEntry(const std::string& edition, const std::string& path) const = 0;
};

}  // namespace entente::leem

#endif  // ENTENTE_SERVICES_LEEM_REGISTER_REGIME_LIST_H_
