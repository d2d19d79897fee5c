#include "services/core/rpc/edge/connection_meter.h"

#include <gtest/gtest.h>

namespace entente::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ConnectionMeterTest : public testing::Test {
 protected:
  // So many bytes arrive, and then the meter is read.
  void Arrive(uint64_t bytes, milliseconds later = milliseconds(20)) {
    received_ += bytes;
    now_ += later;
    meter_.Read(received_, sent_, now_);
  }
  bool IsOver() const { return meter_.IsOver(); }

  ConnectionMeter::Time now_{seconds(1000)};
  uint64_t received_ = 0;
  uint64_t sent_ = 0;
  ConnectionMeter meter_{now_};
};

TEST_F(ConnectionMeterTest, AHandshakeNeedsNoCall) {
  Arrive(15 << 10);
  EXPECT_EQ(meter_.unexplained(), 0);
  EXPECT_FALSE(IsOver());
}

TEST_F(ConnectionMeterTest, BytesThatNothingExplainsAreBorneForAWhile) {
  Arrive(50 << 10);
  EXPECT_FALSE(IsOver()) << "calls may be on their way";
  for (int i = 0; i < 6; ++i) Arrive(0);
  EXPECT_TRUE(IsOver());
}

TEST_F(ConnectionMeterTest, AFloodIsOverAtOnce) {
  Arrive(200 << 10);
  EXPECT_TRUE(IsOver());
}

TEST_F(ConnectionMeterTest, ADripIsOverInTheEnd) {
  // 20 KiB a second, where 256 bytes are free.
  int seconds_until_over = 0;
  for (; !IsOver() && seconds_until_over < 100; ++seconds_until_over) {
    Arrive(20 << 10, milliseconds(1000));
  }
  EXPECT_LT(seconds_until_over, 10);
}

TEST_F(ConnectionMeterTest, AnHonestDayIsNeverOver) {
  for (int i = 0; i < 100'000; ++i) {
    meter_.CallOpened();
    meter_.Expect(1 << 20);
    Arrive(5 << 10);
    meter_.Explain((5 << 10) - 150, 1 << 20);
    meter_.CallEnded();
    ASSERT_FALSE(IsOver()) << i;
  }
}

TEST_F(ConnectionMeterTest, ALargeRequestIsExplainedWhileItIsRead) {
  meter_.CallOpened();
  meter_.Expect(1 << 20);
  for (int i = 0; i < 100; ++i) {
    Arrive(10 << 10);
    ASSERT_FALSE(IsOver());
  }
  meter_.Explain(1000 << 10, 1 << 20);
  meter_.CallEnded();
  EXPECT_FALSE(IsOver()) << "what was explained counts at once";
  EXPECT_EQ(meter_.debt(), 0);
}

TEST_F(ConnectionMeterTest, CallsThatWaitKeepTheirWindows) {
  for (int i = 0; i < 64; ++i) meter_.CallOpened();
  for (int i = 0; i < 64; ++i) Arrive(64 << 10);
  for (int i = 0; i < 100; ++i) Arrive(0);
  EXPECT_FALSE(IsOver());
  EXPECT_GT(meter_.unexplained(), 0) << "but when memory is short they count";
}

TEST_F(ConnectionMeterTest, YesterdaysCallsPayForNothing) {
  meter_.Explain(1 << 30, 0);
  Arrive(0);
  Arrive(200 << 10);
  EXPECT_TRUE(IsOver());
}

TEST_F(ConnectionMeterTest, WindowUpdatesOfAFollowerAreExplained) {
  for (int i = 0; i < 1000; ++i) {
    sent_ += 1 << 20;
    Arrive((1 << 20) / 128);
    ASSERT_FALSE(IsOver());
  }
}

TEST_F(ConnectionMeterTest, ACallThatEndsUnreadHurtsNoOther) {
  meter_.CallOpened();
  meter_.Expect(1 << 20);
  Arrive(1 << 20);
  meter_.Unread(1 << 20);
  meter_.CallEnded();
  for (int i = 0; i < 1000; ++i) {
    Arrive(0);
    ASSERT_FALSE(IsOver()) << i;
  }
  EXPECT_GT(meter_.unexplained(), 512 << 10) << "but when memory is short it counts";
  for (int i = 0; i < 100; ++i) Arrive(0, milliseconds(1000));
  EXPECT_EQ(meter_.unexplained(), 0) << "and it is paid off";
}

TEST_F(ConnectionMeterTest, RefusedCallsAreBorneAndNothingIsEarnedByThem) {
  for (int i = 0; i < 16; ++i) {
    meter_.CallOpened();
    meter_.CallEnded();
    Arrive(60 << 10);
    ASSERT_FALSE(IsOver()) << "a client that is told to slow down";
  }
  for (int i = 0; i < 10000; ++i) {
    meter_.CallOpened();
    meter_.CallEnded();
  }
  Arrive(2 << 20);
  EXPECT_TRUE(IsOver());
}

TEST_F(ConnectionMeterTest, CallsOfAnEarlierConnectionTakeNothingAway) {
  meter_.CallEnded();
  meter_.CallEnded();
  EXPECT_EQ(meter_.calls(), 0);
}

TEST_F(ConnectionMeterTest, AllowancesOfOpenCallsHaveAnEnd) {
  for (int i = 0; i < 200; ++i) {
    meter_.CallOpened();
    meter_.Expect(1 << 20);
  }
  Arrive(13 << 20);
  EXPECT_TRUE(IsOver());
}

TEST_F(ConnectionMeterTest, WhatIsNoMessageIsAddedUp) {
  meter_.CallOpened();
  Arrive(1000);
  meter_.Explain(900, 0);
  EXPECT_EQ(meter_.overhead(), 100);
}

TEST_F(ConnectionMeterTest, MoreCallsThanAClientOpensAreOver) {
  for (int i = 0; i < ConnectionMeter::kCallsMax; ++i) meter_.CallOpened();
  EXPECT_FALSE(IsOver());
  meter_.CallOpened();
  EXPECT_TRUE(IsOver());
}

}  // namespace
}  // namespace entente::rpc
