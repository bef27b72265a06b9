# A repository with a few commits, a branch, a merge.
set -e
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
git init -q repository
cd repository
echo one >one; git add one; git commit -q -m first
git checkout -q -b branch; echo two >two; git add .; git commit -q -m second
git checkout -q -; echo three >>one; git commit -q -a -m third; git merge -q -m merged branch
git log --stat --oneline; git status --short; git diff HEAD~1; git gc -q; git fsck
git clone -q . ../clone
