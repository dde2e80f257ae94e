"""What portlint asks git, a program that it runs. Nothing is imported here: files are listed before all else."""
