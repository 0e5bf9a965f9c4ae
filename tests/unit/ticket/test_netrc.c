#include "desk.h"

static struct gs3_ticket_auth auth;
static struct gs3_err err;

static int parse(const char *text)
{
    gs3_ticket_auth_release(&auth);
    gs3_err_clear(&err);
    return gs3_ticket_netrc_parse("netrc", text, strlen(text), "cab.example", &auth, &err);
}

static void entry_of_the_host_is_found(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "machine cab.example login alice password hush",
        "machine cab.example\n\tlogin alice\n\tpassword hush\n",
        "# comment\nmachine CAB.Example login alice password hush # end\n",
        "machine a login x password y\nmachine cab.example login alice password hush\n"
        "machine b login z password w",
        "machine cab.example password hush login alice account none",
        "machine cab.example login \"alice\" password \"hush\"",
        "machine cab.example login alice password \"\\h\\u\\s\\h\"",
        "macdef init\nmachine cab.example login mallory password no\n\n"
        "machine cab.example login alice password hush",
        "machine cab.example login alice password hush\n"
        "machine cab.example login alice password hush",
        "machine cab.example login alice password hush\ndefault login anonymous password guest",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (parse(texts[i]))
            fail_msg("%s: %s", texts[i], err.message);
        assert_int_equal(auth.kind, GS3_AUTH_BASIC);
        assert_string_equal(auth.user.text, "alice");
        assert_string_equal(auth.secret.text, "hush");
    }
    assert_int_equal(parse("machine cab.example login alice password \"a b#c\\\"d\""), 0);
    assert_string_equal(auth.secret.text, "a b#c\"d");
    gs3_ticket_auth_release(&auth);
}

static void other_hosts_and_default_give_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\n\n",
        "# machine cab.example login alice password hush",
        "machine other.example login alice password hush",
        "machine cab.example.evil login alice password hush",
        "machine xcab.example login alice password hush",
        "default login alice password hush",
        "macdef init\nmachine cab.example login alice password hush\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (parse(texts[i]))
            fail_msg("%s: %s", texts[i], err.message);
        assert_int_equal(auth.kind, GS3_AUTH_NONE);
    }
}

static void malformed_text_is_refused_with_its_line(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"machine", "netrc:1"},
        {"machine cab.example login", "netrc:1"},
        {"machine cab.example login alice\npassword", "netrc:2"},
        {"\n\nhush", "netrc:3"},
        {"machine cab.example login alice passwort hush", "netrc:1"},
        {"machine cab.example login \"alice password hush", "netrc:1"},
        {"machine cab.example login alice password hush\n"
         "machine cab.example login bob password hush",
         "netrc:2: two entries"},
        {"machine cab.example login alice password hush\n"
         "machine cab.example login alice password hush2",
         "netrc:2: two entries"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(parse(cases[i][0]), -1);
        assert_int_equal(err.class, GS3_ECONFIG);
        if (!strstr(err.message, cases[i][1]))
            fail_msg("%s", err.message);
        assert_null(strstr(err.message, "hush"));
        assert_int_equal(auth.kind, GS3_AUTH_NONE);
    }
    gs3_auto_free char *large = gs3_xcalloc(1, 6000);
    memset(large, 'x', 5999);
    assert_int_equal(parse(large), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entry_of_the_host_is_found),
        cmocka_unit_test(other_hosts_and_default_give_nothing),
        cmocka_unit_test(malformed_text_is_refused_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
