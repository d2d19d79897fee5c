#include "services/core/base/names.h"

#include <algorithm>
#include <array>

namespace entente::base {
namespace {

// ISO 3166-1 alpha-2, sorted.
constexpr auto kCountries = std::to_array<std::string_view>({
    "ad", "ae", "af", "ag", "ai", "al", "am", "ao", "aq", "ar", "as", "at", "au", "aw", "ax", "az",
    "ba", "bb", "bd", "be", "bf", "bg", "bh", "bi", "bj", "bl", "bm", "bn", "bo", "bq", "br", "bs",
    "bt", "bv", "bw", "by", "bz", "ca", "cc", "cd", "cf", "cg", "ch", "ci", "ck", "cl", "cm", "cn",
    "co", "cr", "cu", "cv", "cw", "cx", "cy", "cz", "de", "dj", "dk", "dm", "do", "dz", "ec", "ee",
    "eg", "eh", "er", "es", "et", "fi", "fj", "fk", "fm", "fo", "fr", "ga", "gb", "gd", "ge", "gf",
    "gg", "gh", "gi", "gl", "gm", "gn", "gp", "gq", "gr", "gs", "gt", "gu", "gw", "gy", "hk", "hm",
    "hn", "hr", "ht", "hu", "id", "ie", "il", "im", "in", "io", "iq", "ir", "is", "it", "je", "jm",
    "jo", "jp", "ke", "kg", "kh", "ki", "km", "kn", "kp", "kr", "kw", "ky", "kz", "la", "lb", "lc",
    "li", "lk", "lr", "ls", "lt", "lu", "lv", "ly", "ma", "mc", "md", "me", "mf", "mg", "mh", "mk",
    "ml", "mm", "mn", "mo", "mp", "mq", "mr", "ms", "mt", "mu", "mv", "mw", "mx", "my", "mz", "na",
    "nc", "ne", "nf", "ng", "ni", "nl", "no", "np", "nr", "nu", "nz", "om", "pa", "pe", "pf", "pg",
    "ph", "pk", "pl", "pm", "pn", "pr", "ps", "pt", "pw", "py", "qa", "re", "ro", "rs", "ru", "rw",
    "sa", "sb", "sc", "sd", "se", "sg", "sh", "si", "sj", "sk", "sl", "sm", "sn", "so", "sr", "ss",
    "st", "sv", "sx", "sy", "sz", "tc", "td", "tf", "tg", "th", "tj", "tk", "tl", "tm", "tn", "to",
    "tr", "tt", "tv", "tw", "tz", "ua", "ug", "um", "us", "uy", "uz", "va", "vc", "ve", "vg", "vi",
    "vn", "vu", "wf", "ws", "ye", "yt", "za", "zm", "zw",
});

// ISO 4217, sorted; withdrawn ones too that denials in force may be in: ANG, CUC, HRK, SLL, ZWL.
constexpr auto kCurrencies = std::to_array<std::string_view>({
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT",
    "BGN", "BHD", "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD",
    "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CUC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP",
    "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF",
    "GTQ", "GYD", "HKD", "HNL", "HRK", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK",
    "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK",
    "LBP", "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU",
    "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR",
    "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR",
    "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SLL", "SOS", "SRD", "SSP", "STN", "SVC",
    "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX",
    "USD", "UYU", "UYW", "UZS", "VED", "VES", "VND", "VUV", "WST", "XAF", "XCD", "XCG", "XOF",
    "XPF", "YER", "ZAR", "ZMW", "ZWG", "ZWL",
});

// UN/ECE Recommendation 20, the part that trade in controlled items uses, sorted.
constexpr auto kUnits = std::to_array<std::string_view>({
    "A9",  "ACR", "AMP", "APZ", "BAR", "BLL", "BX",  "C62", "CEL", "CMK", "CMQ", "CMT", "CTN",
    "D97", "DAY", "DMQ", "DZN", "EA",  "FOT", "GLL", "GRM", "GRO", "H87", "HGM", "HUR", "INH",
    "INQ", "KGM", "KMT", "KVA", "KWH", "KWT", "LBR", "LEF", "LTR", "MAW", "MGM", "MIN", "MLT",
    "MMK", "MMQ", "MMT", "MON", "MTK", "MTQ", "MTR", "NAR", "NMP", "NPR", "ONZ", "PA",  "PCE",
    "PK",  "PR",  "RO",  "SEC", "SET", "ST",  "STN", "TNE", "WTT", "YRD",
});

template <size_t N>
bool Contains(const std::array<std::string_view, N>& sorted, std::string_view value) {
  return std::binary_search(sorted.begin(), sorted.end(), value);
}

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Length of the UTF-8 sequence at the front of `text`, 0 if it is none; the code point in `out`.
size_t DecodeUtf8(std::string_view text, char32_t& out) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.empty()) return 0;
  const unsigned char lead = byte(0);
  const size_t length = lead < 0x80   ? 1
                        : lead < 0xc2 ? 0
                        : lead < 0xe0 ? 2
                        : lead < 0xf0 ? 3
                        : lead < 0xf5 ? 4
                                      : 0;
  if (length == 0 || text.size() < length) return 0;
  out = length == 1 ? lead : lead & (0x7f >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    out = out << 6 | (byte(i) & 0x3f);
  }
  const bool overlong = (length == 3 && out < 0x800) || (length == 4 && out < 0x10000);
  const bool surrogate = out >= 0xd800 && out < 0xe000;
  return overlong || surrogate || out > 0x10ffff ? 0 : length;
}

}  // namespace

std::optional<AgencyName> AgencyName::Parse(std::string_view name) {
  const auto parts = Split(name, '/');
  if (parts.size() != 4 || parts[0] != "partners" || parts[2] != "agencies" ||
      !IsStateForm(parts[1]) || !IsDnsLabel(parts[3])) {
    return std::nullopt;
  }
  return AgencyName{std::string(parts[1]), std::string(parts[3])};
}

bool IsStateForm(std::string_view code) {
  return code.size() == 2 && IsLower(code[0]) && IsLower(code[1]);
}

bool IsCountry(std::string_view code) { return Contains(kCountries, code); }
bool IsCurrency(std::string_view code) { return Contains(kCurrencies, code); }
bool IsUnit(std::string_view code) { return Contains(kUnits, code); }

bool IsDnsLabel(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return IsLower(c) || IsDigit(c) || c == '-'; });
}

bool IsReference(std::string_view text) {
  if (text.empty() || text.size() > 64 || text.front() == '.') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return IsLower(c) || IsDigit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '~' ||
           c == '-';
  });
}

bool IsPlainText(std::string_view text) {
  while (!text.empty()) {
    char32_t c = 0;
    const size_t length = DecodeUtf8(text, c);
    if (length == 0 || (c < 0x20 && c != 0x0a && c != 0x09) || (c >= 0x7f && c < 0xa0))
      return false;
    text.remove_prefix(length);
  }
  return true;
}

size_t CodePoints(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  size_t start = 0;
  while (true) {
    const size_t end = text.find(separator, start);
    parts.push_back(text.substr(start, end == std::string_view::npos ? end : end - start));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

}  // namespace entente::base
