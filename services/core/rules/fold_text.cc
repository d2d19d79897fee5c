#include "services/core/rules/fold_text.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>

#include <algorithm>

#include "services/core/base/status.h"

namespace entente::rules {
namespace {

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

icu::StringPiece Piece(std::string_view text) {
  return {text.data(), static_cast<int32_t>(text.size())};
}

std::string Apply(const icu::Normalizer2* form, UErrorCode error, std::string_view text) {
  ENTENTE_CHECK(U_SUCCESS(error));
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  form->normalizeUTF8(0, Piece(text), sink, nullptr, error);
  ENTENTE_CHECK(U_SUCCESS(error));
  return out;
}

}  // namespace

std::string ToNfc(std::string_view text) {
  if (IsAscii(text)) return std::string(text);
  UErrorCode error = U_ZERO_ERROR;
  return Apply(icu::Normalizer2::getNFCInstance(error), error, text);
}

std::string FoldText(std::string_view text) {
  if (IsAscii(text)) {
    std::string out;
    out.resize(text.size());
    std::transform(text.begin(), text.end(), out.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
  }
  UErrorCode error = U_ZERO_ERROR;
  return Apply(icu::Normalizer2::getNFKCCasefoldInstance(error), error, text);
}

bool IsNfc(std::string_view text) {
  if (IsAscii(text)) return true;
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(error);
  return U_SUCCESS(error) && nfc->isNormalizedUTF8(Piece(text), error) && U_SUCCESS(error);
}

}  // namespace entente::rules
