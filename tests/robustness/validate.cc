#include "tests/robustness/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "services/core/merkle/merkle.h"

namespace entente::robustness {
namespace {

// Collects up to ten lines.
class Faults {
 public:
  template <typename... Args>
  void Add(fmt::format_string<Args...> text, Args&&... args) {
    if (lines_.size() < 10) lines_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }
  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

const Final* FinalAt(const History& history, const std::string& ledger, uint64_t index) {
  auto found = history.final.find(ledger);
  if (found == history.final.end() || index >= found->second.size()) return nullptr;
  return &found->second[index];
}

bool Reads(const History& history, const std::string& ledger, const std::string& state) {
  auto readers = history.readers.find(ledger);
  return readers == history.readers.end() || readers->second.empty() ||
         std::count(readers->second.begin(), readers->second.end(), state) != 0;
}

// Faults in the order of their ends, with overlapping ones joined.
std::vector<Span> Disturbed(const History& history, absl::Duration settle) {
  std::vector<Span> spans;
  for (const Fault& fault : history.faults) {
    spans.push_back({fault.span.begin, fault.span.end + settle});
  }
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return a.begin < b.begin; });
  std::vector<Span> joined;
  for (const Span& span : spans) {
    if (!joined.empty() && span.begin <= joined.back().end) {
      joined.back().end = std::max(joined.back().end, span.end);
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

bool Touches(const std::vector<Span>& disturbed, const Span& span) {
  auto after = std::upper_bound(disturbed.begin(), disturbed.end(), span.end,
                                [](absl::Time end, const Span& one) { return end < one.begin; });
  return after != disturbed.begin() && std::prev(after)->end >= span.begin;
}

}  // namespace

std::vector<std::string> NothingLost(const History& history, const Bounds&) {
  Faults faults;
  for (const Submission& one : history.submissions) {
    if (one.outcome != Outcome::kRecorded) continue;
    const Final* there = FinalAt(history, one.ledger, one.index);
    if (there == nullptr) {
      faults.Add("{} was acknowledged at {} {}, which is not there", one.name, one.ledger,
                 one.index);
    } else if (there->digest != one.digest || there->leaf_hash != one.leaf_hash) {
      faults.Add("{} was acknowledged at {} {}, where {} is", one.name, one.ledger, one.index,
                 there->name);
    }
  }
  return faults.Take();
}

std::vector<std::string> NothingDoubled(const History& history, const Bounds&) {
  Faults faults;
  std::set<base::Digest> had;
  for (const auto& [ledger, entries] : history.final) {
    for (const Final& entry : entries) {
      if (!had.insert(entry.digest).second) faults.Add("{} is recorded twice", entry.name);
    }
  }
  std::map<base::Digest, uint64_t> places;
  for (const Submission& one : history.submissions) {
    if (one.outcome != Outcome::kRecorded) continue;
    if (places.emplace(one.digest, one.index).first->second != one.index) {
      faults.Add("{} was acknowledged at two places", one.name);
    }
  }
  return faults.Take();
}

std::vector<std::string> NothingInvented(const History& history, const Bounds&) {
  Faults faults;
  std::set<base::Digest> sent;
  for (const Submission& one : history.submissions) {
    if (one.outcome != Outcome::kRefused) sent.insert(one.digest);
  }
  for (const auto& [ledger, entries] : history.final) {
    for (const Final& entry : entries) {
      if (sent.count(entry.digest) == 0) faults.Add("nobody had {} recorded", entry.name);
    }
  }
  return faults.Take();
}

std::vector<std::string> FollowersComplete(const History& history, const Bounds&) {
  Faults faults;
  std::map<std::pair<std::string, std::string>, uint64_t> next;  // by follower and ledger
  for (const Delivered& one : history.delivered) {
    uint64_t& expected = next[{one.follower, one.ledger}];
    const Final* there = FinalAt(history, one.ledger, one.index);
    if (there == nullptr || there->digest != one.digest || there->leaf_hash != one.leaf_hash) {
      faults.Add("{} was given what is not at {} {}", one.follower, one.ledger, one.index);
    }
    // Less than expected: it comes again after a restart of the follower.
    if (one.index > expected) {
      faults.Add("{} was given {} {} where {} was next", one.follower, one.ledger, one.index,
                 expected);
    }
    expected = std::max(expected, one.index + 1);
  }
  for (const auto& [who, had] : next) {
    auto final = history.final.find(who.second);
    const uint64_t size = final == history.final.end() ? 0 : final->second.size();
    if (had != size) {
      faults.Add("{} had {} of the {} entries of {}", who.first, had, size, who.second);
    }
  }
  return faults.Take();
}

std::vector<std::string> OneTree(const History& history, const Bounds&) {
  Faults faults;
  std::map<std::string, merkle::Tree> trees;
  for (const auto& [ledger, entries] : history.final) {
    for (const Final& entry : entries) trees[ledger].Append(entry.leaf_hash);
  }
  for (const Seen& one : history.seen) {
    auto tree = trees.find(one.ledger);
    if (tree == trees.end() || one.size > tree->second.size() ||
        tree->second.RootAt(one.size) != one.root) {
      faults.Add("a checkpoint of {} at size {} was signed for another history", one.ledger,
                 one.size);
    }
  }
  return faults.Take();
}

std::vector<std::string> OneOrder(const History& history, const Bounds&) {
  Faults faults;
  std::map<std::string, std::vector<const Submission*>> by_ledger;
  std::set<base::Digest> first;  // a document that is sent again has its old place
  for (const Submission& one : history.submissions) {
    if (!first.insert(one.digest).second || one.outcome != Outcome::kRecorded) continue;
    by_ledger[one.ledger].push_back(&one);
  }
  for (auto& [ledger, submissions] : by_ledger) {
    std::vector<const Submission*> ended = submissions;
    std::sort(submissions.begin(), submissions.end(),
              [](auto* a, auto* b) { return a->span.begin < b->span.begin; });
    std::sort(ended.begin(), ended.end(),
              [](auto* a, auto* b) { return a->span.end < b->span.end; });
    size_t done = 0;
    const Submission* highest = nullptr;  // of those that were answered before this one began
    for (const Submission* one : submissions) {
      for (; done < ended.size() && ended[done]->span.end < one->span.begin; ++done) {
        if (highest == nullptr || ended[done]->index > highest->index) highest = ended[done];
      }
      if (highest != nullptr && one->index < highest->index) {
        faults.Add("{} was sent after {} was acknowledged, and is before it", one->name,
                   highest->name);
      }
    }
  }
  for (const auto& [ledger, entries] : history.final) {
    for (size_t i = 1; i < entries.size(); ++i) {
      if (entries[i].recorded < entries[i - 1].recorded) {
        faults.Add("{} is recorded earlier than what is before it", entries[i].name);
      }
    }
  }
  return faults.Take();
}

std::vector<std::string> ReadsExplained(const History& history, const Bounds&) {
  struct Document {
    std::string ledger;
    absl::Time sent = absl::InfiniteFuture();      // first
    absl::Time recorded = absl::InfiniteFuture();  // acknowledged first
  };
  Faults faults;
  std::map<std::string, Document> documents;
  for (const Submission& one : history.submissions) {
    Document& document = documents[one.name];
    document.ledger = one.ledger;
    document.sent = std::min(document.sent, one.span.begin);
    if (one.outcome == Outcome::kRecorded) {
      document.recorded = std::min(document.recorded, one.span.end);
    }
  }
  for (const Looked& one : history.looked) {
    auto found = documents.find(one.name);
    const bool sent = found != documents.end() && found->second.sent < one.span.end;
    if (one.found && !sent) faults.Add("{} saw {} before it was sent", one.state, one.name);
    if (!sent) continue;
    const bool reads = Reads(history, found->second.ledger, one.state);
    if (one.found && !reads) faults.Add("{} saw {}, which is hidden", one.state, one.name);
    if (!one.found && reads && found->second.recorded < one.span.begin) {
      faults.Add("{} did not find {}, acknowledged {} before", one.state, one.name,
                 absl::FormatDuration(one.span.begin - found->second.recorded));
    }
  }
  return faults.Take();
}

std::vector<std::string> OutsidersEqual(const History& history, const Bounds&) {
  Faults faults;
  for (const Twin& one : history.twins) {
    if (one.of_hidden != one.of_absent) {
      faults.Add("{}: \"{}\" of what is hidden, \"{}\" of what is not there", one.about,
                 one.of_hidden, one.of_absent);
    }
  }
  return faults.Take();
}

std::vector<std::string> NoEvidence(const History& history, const Bounds& bounds) {
  Faults faults;
  for (const std::string& one : history.evidence) faults.Add("{}", one);
  // While it is robbed of memory or disk it may end.
  const auto disturbed = Disturbed(history, bounds.settle);
  for (const Death& one : history.deaths) {
    if (!Touches(disturbed, {one.time, one.time})) {
      faults.Add("the service ended by itself: {}", one.how);
    }
  }
  return faults.Take();
}

std::vector<std::string> FollowersBack(const History& history, const Bounds& bounds) {
  Faults faults;
  std::map<std::string, std::vector<absl::Time>> marks;
  for (const Mark& mark : history.marks) marks[mark.follower].push_back(mark.time);
  for (auto& [follower, times] : marks) {
    std::sort(times.begin(), times.end());
    // Of faults that follow each other closely the last one counts.
    for (const Span& fault : Disturbed(history, bounds.back_max)) {
      const absl::Time ended = fault.end - bounds.back_max;
      if (fault.end > history.run.end) continue;  // the run ended before
      auto back = std::lower_bound(times.begin(), times.end(), ended);
      if (back == times.end() || *back > fault.end) {
        faults.Add("{} was not back {} after a fault", follower,
                   absl::FormatDuration(bounds.back_max));
      }
    }
  }
  return faults.Take();
}

absl::Duration Percentile(const History& history, const std::string& kind, double p,
                          absl::Duration settle) {
  const auto disturbed = Disturbed(history, settle);
  std::vector<absl::Duration> durations;
  for (const Call& call : history.calls) {
    if (call.kind == kind && call.failed.empty() && !Touches(disturbed, call.span)) {
      durations.push_back(call.span.end - call.span.begin);
    }
  }
  if (durations.empty()) return absl::ZeroDuration();
  const auto rank = static_cast<size_t>(p * static_cast<double>(durations.size() - 1));
  std::nth_element(durations.begin(), durations.begin() + static_cast<ptrdiff_t>(rank),
                   durations.end());
  return durations[rank];
}

std::vector<std::string> HonestInTime(const History& history, const Bounds& bounds) {
  Faults faults;
  const auto disturbed = Disturbed(history, bounds.settle);
  std::set<std::string> kinds;
  for (const Call& call : history.calls) {
    kinds.insert(call.kind);
    if (!call.failed.empty() && !Touches(disturbed, call.span)) {
      faults.Add("an honest {} was refused: {}", call.kind, call.failed);
    }
  }
  for (const std::string& kind : kinds) {
    const absl::Duration p99 = Percentile(history, kind, 0.99, bounds.settle);
    if (p99 > bounds.p99_max) {
      faults.Add("an honest {} took {} at the 99th percentile", kind, absl::FormatDuration(p99));
    }
  }
  return faults.Take();
}

std::vector<std::string> MemoryBounded(const History& history, const Bounds& bounds) {
  Faults faults;
  for (const Memory& one : history.memory) {
    if (one.bytes > bounds.memory_bytes_max) faults.Add("{} MiB", one.bytes >> 20);
  }
  return faults.Take();
}

const std::vector<NamedValidator>& AllValidators() {
  static const std::vector<NamedValidator> kAll = {
      {"nothing lost", NothingLost},
      {"nothing doubled", NothingDoubled},
      {"nothing invented", NothingInvented},
      {"followers complete", FollowersComplete},
      {"one tree", OneTree},
      {"one order", OneOrder},
      {"reads explained", ReadsExplained},
      {"outsiders equal", OutsidersEqual},
      {"no evidence", NoEvidence},
      {"followers back", FollowersBack},
      {"honest in time", HonestInTime},
      {"memory bounded", MemoryBounded},
  };
  return kAll;
}

}  // namespace entente::robustness
