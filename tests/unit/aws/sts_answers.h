/* What STS answers, for a scripted server. Depends on nothing. */
#ifndef GS3_TESTS_STS_ANSWERS_H
#define GS3_TESTS_STS_ANSWERS_H

#define STS_SESSION(operation, id, token, expiration, arn)                                         \
    "<" operation "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <" operation   \
    "Result>\n<AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:alice</AssumedRoleId><Arn>" arn          \
    "</Arn></AssumedRoleUser><Credentials><AccessKeyId>" id                                        \
    "</AccessKeyId><SecretAccessKey>hidden-secret</SecretAccessKey><SessionToken>" token           \
    "</SessionToken><Expiration>" expiration                                                       \
    "</Expiration></Credentials><PackedPolicySize>6</PackedPolicySize></" operation                \
    "Result>\n</" operation "Response>\n"
#define STS_ROLE_ARN    "arn:aws:iam::123456789012:role/Deploy"
#define STS_SESSION_ARN "arn:aws:sts::123456789012:assumed-role/Deploy/alice"
#define STS_REFUSAL(code, message)                                                                 \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>" message              \
    "</Message></Error><RequestId>1</RequestId></ErrorResponse>"

#endif
