/*
 * check.c - every check has its flag: code, severity and place, from a form in which nothing else is wrong.
 */
