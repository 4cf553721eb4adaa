/*
 * The interface of a PrismToken service, API version 1.1, as Ferraris speaks it.
 *
 * Interface facts only: names, numbers, types and defaults of methods and fields, in an order and with words of our own.
 * They were gathered from the public clients of the interface (github:NectarAPI/tokens-service and
 * github:KellyKinyama/nectar_sts_dart, both of which speak it over the framed binary transport inside TLS) and checked
 * against a public copy of the vendor's own description.
 */

const string API_VERSION = "1.1"

/* How the time argument of an issuing call is meant. */
enum TokenIssueFlags {
    EXTERNAL_CLOCK = 1     /* seconds since 1970 instead of the service's own clock */
    TID_ADJUST_BDT = 2     /* the token identifier itself, in minutes since 1993, moved to the key's base date */
    SPECIAL_RESERVED = 4   /* 00:01 of the day */
}

exception ApiException {
    1: required string eCode
    2: required string eMsgEn
}

struct SessionOptions {
    1: required string version = API_VERSION
    10: optional string culture = "en"
}

struct SignInResult {
    1: required string accessToken
}

struct Alert {
    1: required string eCode
    2: required string eMsgEn
}

struct NodeStatus {
    1: required map<string, string> info
    2: required list<Alert> alerts
}

/* Where a key change leads to. */
struct MeterConfigAmendment {
    1: required i32 toSgc
    2: required i16 toKrn
    3: required i16 toTi
}

/* The meter of a request: what it is, under which key it is now, and what may be changed on the way. */
struct MeterConfigIn {
    1: required string drn
    2: required i16 ea
    3: required i16 tct
    10: required i32 sgc
    11: required i16 krn
    12: required i16 ti
    20: optional MeterConfigAmendment newConfig
    21: optional bool allowKrnUpdate = true
    30: required i16 ken
    31: optional string doe = "0000"
    32: optional bool allow3Kct = false
    33: optional bool allowKenUpdate = true
}

/* What the vending system writes down once the key-change tokens are out. */
struct MeterConfigAdvice {
    1: required i32 toSgc
    2: required i16 toKrn
    3: required i16 toTi
    4: required i16 toKen
    10: required string idRecord
    11: required string record2
    20: required bool rollover
    21: required string toVkKcv
}

struct Token {
    1: required string drn
    2: required string pan
    3: required i16 ea
    4: required i16 tct
    5: required i32 sgc
    6: required i16 krn
    7: required i16 ti
    10: required i16 tokenClass
    11: required i16 subclass
    12: required i32 tid
    13: required double transferAmount
    14: required bool isReservedTid
    15: optional MeterConfigAdvice newConfig
    20: required string description
    21: required string stsUnitName
    22: required string scaledAmount
    23: required string scaledUnitName
    30: required string tokenDec
    31: required string tokenHex
    40: required string idSm
    41: required string vkKcv
}

struct MeterTestToken {
    1: required string drn
    2: required string pan
    10: required i16 tokenClass
    11: required i16 subclass
    12: required i64 control
    13: required i16 mfrcode
    20: required string description
    30: required string tokenDec
    31: required string tokenHex
}

struct VerifyResult {
    1: required string validationResult
    2: optional Token token
    3: optional MeterTestToken meterTestToken
}

service TokenApi {
    string ping(1: required i32 sleepMs, 2: required string echo) throws (1: ApiException ex1)

    SignInResult signInWithPassword(
        1: required string messageId, 2: required string realm, 3: required string username,
        4: required string password, 5: required SessionOptions sessionOpts
    ) throws (1: ApiException ex1)

    list<NodeStatus> getStatus(1: required string messageId, 2: required string accessToken)
        throws (1: ApiException ex1)

    MeterConfigIn parseIdRecord(
        1: required string messageId, 2: required string accessToken, 3: required string idRecord
    ) throws (1: ApiException ex1)

    bool loadTransactionLicense(
        1: required string messageId, 2: required string accessToken, 3: required string licenseText
    ) throws (1: ApiException ex1)

    list<Token> issueCreditToken(
        1: required string messageId, 2: required string accessToken, 3: required MeterConfigIn meterConfig,
        4: required i16 subclass, 5: required double transferAmount, 6: required i64 tokenTime, 7: required i64 flags
    ) throws (1: ApiException ex1)

    MeterTestToken issueMeterTestToken(
        1: required string messageId, 2: required string accessToken, 3: required i16 subclass,
        4: required i64 control, 5: required i16 mfrcode
    ) throws (1: ApiException ex1)

    list<Token> issueMseToken(
        1: required string messageId, 2: required string accessToken, 3: required MeterConfigIn meterConfig,
        4: required i16 subclass, 5: required double transferAmount, 6: required i64 tokenTime, 7: required i64 flags
    ) throws (1: ApiException ex1)

    list<Token> issueKeyChangeTokens(
        1: required string messageId, 2: required string accessToken, 3: required MeterConfigIn meterConfig,
        4: required MeterConfigAmendment newConfig
    ) throws (1: ApiException ex1)

    VerifyResult verifyToken(
        1: required string messageId, 2: required string accessToken, 3: required MeterConfigIn meterConfig,
        4: required string tokenDec
    ) throws (1: ApiException ex1)

    list<Token> issueDitkChangeTokens(
        1: required string messageId, 2: required string accessToken, 3: required MeterConfigIn meterConfig
    ) throws (1: ApiException ex1)

    list<Token> fetchTokenResult(
        1: required string messageId, 2: required string accessToken, 3: required string reqMessageId
    ) throws (1: ApiException ex1)

    list<string> ctsResetTidList(
        1: required string messageId, 2: required string accessToken, 3: required string panPattern
    ) throws (1: ApiException ex1)
}
