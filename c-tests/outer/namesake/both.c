/* Both libraries in one process. */
int ours_main(void);
int theirs_main(void);

int main(void) {
  return ours_main() || theirs_main();
}
