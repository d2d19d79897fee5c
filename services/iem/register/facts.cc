#include "services/iem/register/facts.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "services/core/rules/body.h"

namespace entente::iem {
namespace {

// 'a' stands for the first one.
constexpr std::string_view kNames[] = {"iem.urgency", "iem.kind",  "iem.item",     "iem.country",
                                       "iem.route",   "iem.topic", "iem.red_flag", "iem.campaign"};

constexpr std::string_view kRoute = "iem.route";
// A byte for the place of a code; zero ends a word.
constexpr size_t kPlacesMax = 255;

size_t NumberOf(std::string_view name) {
  return static_cast<size_t>(std::find(std::begin(kNames), std::end(kNames), name) -
                             std::begin(kNames));
}

}  // namespace

class FactBook::List {
 public:
  explicit List(const FactBook& book) : codes_(book.codes_) {}

  void Add(std::string_view name, std::string_view value) {
    // A zero byte, which no rule lets through, would end the word.
    words_.push_back(static_cast<char>('a' + NumberOf(name)) +
                     std::string(value.substr(0, value.find('\0'))));
  }
  void AddCode(std::string_view name, const std::string& value) {
    const auto code = std::lower_bound(codes_.begin(), codes_.end(), value);
    if (code == codes_.end() || *code != value) return Add(name, value);
    words_.push_back(
        {static_cast<char>('A' + NumberOf(name)), static_cast<char>(1 + (code - codes_.begin()))});
  }
  template <typename Values>
  void AddEach(std::string_view name, const Values& values) {
    for (const auto& value : values) Add(name, value);
  }
  template <typename Items>
  void AddItems(const Items& items) {
    for (const auto& item : items) {
      Add("iem.item", item.entry().empty() ? "unlisted" : item.entry());
    }
  }
  machine::WordSet Take() { return machine::WordSet(std::move(words_)); }

 private:
  const std::vector<std::string>& codes_;
  std::vector<std::string> words_;
};

FactBook::FactBook(const entente::config::v1::RegimeProfile& profile) {
  for (const auto& topic : profile.iem().topics()) codes_.push_back(topic.code());
  for (const auto& flag : profile.iem().red_flags()) codes_.push_back(flag.code());
  std::sort(codes_.begin(), codes_.end());
  codes_.erase(std::unique(codes_.begin(), codes_.end()), codes_.end());
  if (codes_.size() > kPlacesMax) codes_.resize(kPlacesMax);
}

machine::WordSet FactBook::Write(const v1::Alert& alert) const {
  List list(*this);
  list.Add("iem.urgency", rules::EnumWord(v1::Urgency_Name(alert.urgency()), "URGENCY_"));
  list.Add("iem.kind", rules::EnumWord(v1::AlertKind_Name(alert.kind()), "ALERT_KIND_"));
  list.AddItems(alert.items());
  std::string route;
  for (const auto& country : alert.route()) route += (route.empty() ? "" : ">") + country;
  if (!route.empty()) list.Add(kRoute, route);
  for (const auto& actor : alert.actors()) {
    const auto& way = alert.route();
    const bool told = std::find(way.begin(), way.end(), actor.country()) != way.end();
    if (!actor.country().empty() && !told) list.Add("iem.country", actor.country());
  }
  for (const auto& topic : alert.topics()) list.AddCode("iem.topic", topic);
  for (const auto& flag : alert.red_flags()) list.AddCode("iem.red_flag", flag);
  if (!alert.campaign().empty()) list.Add("iem.campaign", alert.campaign());
  return list.Take();
}

machine::WordSet FactBook::Write(const v1::TrendReport& report) const {
  List list(*this);
  list.AddItems(report.items());
  list.AddEach("iem.country", report.purchase_countries());
  list.AddEach("iem.country", report.transit_countries());
  for (const auto& topic : report.topics()) list.AddCode("iem.topic", topic);
  for (const auto& seen : report.typologies()) list.AddCode("iem.red_flag", seen.red_flag());
  if (!report.campaign().empty()) list.Add("iem.campaign", report.campaign());
  return list.Take();
}

void FactBook::Read(std::string_view word, const Visit& visit) const {
  const bool coded = word[0] < 'a';
  const std::string_view name = kNames[static_cast<size_t>(word[0] - (coded ? 'A' : 'a'))];
  std::string_view value = word.substr(1);
  if (coded) value = codes_[static_cast<uint8_t>(value[0]) - size_t{1}];
  // A place by itself is no route.
  if (name != kRoute || value.find('>') != std::string_view::npos) visit(name, value);
  if (name != kRoute) return;
  std::set<std::string_view> told;
  for (size_t at = 0; at <= value.size();) {
    const size_t end = std::min(value.find('>', at), value.size());
    const std::string_view country = value.substr(at, end - at);
    if (told.insert(country).second) visit("iem.country", country);
    at = end + 1;
  }
}

void FactBook::Read(const machine::WordSet& words, const Visit& visit) const {
  for (const std::string_view word : words) Read(word, visit);
}

bool FactBook::Has(const machine::WordSet& words, std::string_view name,
                   std::string_view value) const {
  bool has = false;
  Read(words, [&](std::string_view a_name, std::string_view a_value) {
    has = has || (a_name == name && a_value == value);
  });
  return has;
}

}  // namespace entente::iem
