// What filters and trends ask of a matter's content: named values, as in "iem.country" "ir".
#ifndef ENTENTE_SERVICES_IEM_REGISTER_FACTS_H_
#define ENTENTE_SERVICES_IEM_REGISTER_FACTS_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "entente/config/v1/regime_profile.pb.h"
#include "entente/iem/v1/alert.pb.h"
#include "entente/iem/v1/report.pb.h"
#include "services/core/machine/word_set.h"

namespace entente::iem {

// Writes facts short, and reads them again: a letter for the name, then the value, or, in upper
// case, the place of the value among the profile's codes. Countries of a route are not written
// beside it. So the words depend on the profile, and what they say does not.
class FactBook {
 public:
  explicit FactBook(const entente::config::v1::RegimeProfile& profile);

  machine::WordSet Write(const v1::Alert& alert) const;
  machine::WordSet Write(const v1::TrendReport& report) const;

  using Visit = std::function<void(std::string_view name, std::string_view value)>;
  // Calls `visit` with what a word says.
  void Read(std::string_view word, const Visit& visit) const;
  void Read(const machine::WordSet& words, const Visit& visit) const;
  bool Has(const machine::WordSet& words, std::string_view name, std::string_view value) const;

 private:
  class List;

  std::vector<std::string> codes_;  // sorted
};

}  // namespace entente::iem

#endif  // ENTENTE_SERVICES_IEM_REGISTER_FACTS_H_
