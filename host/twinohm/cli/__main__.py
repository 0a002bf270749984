from twinohm.cli import main

main()
